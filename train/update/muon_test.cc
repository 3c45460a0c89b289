// Muon against testdata/generate_muon.py, which works in double precision and by singular values,
// and properties that hold for any matrix.

#include "train/update/muon.h"

#include <cmath>
#include <map>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/concat.h"
#include "ATen/ops/diag_embed.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/full.h"
#include "ATen/ops/full_like.h"
#include "ATen/ops/linalg_svd.h"
#include "ATen/ops/linspace.h"
#include "ATen/ops/stack.h"
#include "ATen/ops/zeros.h"
#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "base/tensors/safetensors.h"
#include "gtest/gtest.h"
#include "train/update/embedded_muon_values.h"

namespace vitrine {
namespace {

constexpr char kQkv[] = "blocks.0.attention.qkv.weight";

at::Tensor RandomMatrix(at::IntArrayRef shape, uint64_t seed) {
  return at::empty(shape).normal_(0, 1, at::detail::createCPUGenerator(seed));
}

at::Tensor Rate(double value) { return at::full({}, value, at::kDouble); }

// The largest difference, in units of the largest expected value.
double Error(const at::Tensor& actual, const at::Tensor& expected) {
  const double scale = expected.abs().max().item<double>();
  return (actual - expected).abs().max().item<double>() / scale;
}

struct Shape {
  int64_t rows, columns;
};

class OrthogonalizeTest : public EachDeviceAnd<Shape> {
 protected:
  at::Tensor Matrix(uint64_t seed) const {
    return RandomMatrix({GetParam().rows, GetParam().columns}, seed).to(device_);
  }
};

TEST_P(OrthogonalizeTest, BringsSingularValuesNearOneAndKeepsTheVectors) {
  const auto [u, random, vt] = at::linalg_svd(Matrix(1).cpu(), /*full_matrices=*/false);
  const at::Tensor values = at::linspace(1, 0.05, random.numel());
  const at::Tensor matrix = u.matmul(at::diag_embed(values)).matmul(vt);
  const at::Tensor result = Orthogonalize(matrix.to(device_)).cpu();
  const at::Tensor inner = u.mT().matmul(result).matmul(vt.mT());
  const at::Tensor diagonal = inner.diagonal();
  EXPECT_GT(diagonal.min().item<double>(), 0.6);
  EXPECT_LT(diagonal.max().item<double>(), 1.3);
  EXPECT_LT((inner - at::diag_embed(diagonal)).abs().max().item<double>(), 1e-5);
}

TEST_P(OrthogonalizeTest, DoesNotDependOnTheSize) {
  const at::Tensor expected = Orthogonalize(Matrix(2));
  EXPECT_LT(Error(Orthogonalize(Matrix(2) * 1e6), expected), 1e-5);
  EXPECT_LT(Error(Orthogonalize(Matrix(2) * 1e-6), expected), 1e-5);
}

TEST_P(OrthogonalizeTest, TransposesWithTheMatrix) {
  EXPECT_LT(Error(Orthogonalize(Matrix(3).mT()).mT(), Orthogonalize(Matrix(3))), 1e-5);
}

TEST_P(OrthogonalizeTest, TakesEachMatrixOfABatchForItself) {
  const at::Tensor a = Matrix(4), b = 1000 * Matrix(5);
  const at::Tensor both = Orthogonalize(at::stack({a, b}));
  EXPECT_LT(Error(both[0], Orthogonalize(a)), 1e-5);
  EXPECT_LT(Error(both[1], Orthogonalize(b)), 1e-5);
}

TEST_P(OrthogonalizeTest, LeavesZerosAndItsArgument) {
  const at::Tensor zeros = at::zeros({GetParam().rows, GetParam().columns}, device_);
  EXPECT_TRUE(Orthogonalize(zeros).equal(zeros));
  const at::Tensor matrix = Matrix(6);
  Orthogonalize(matrix);
  EXPECT_TRUE(matrix.equal(Matrix(6)));
}

INSTANTIATE_TEST_SUITE_P(Shapes, OrthogonalizeTest,
                         OnEachDevice(::testing::Values(Shape{40, 16}, Shape{16, 40}, Shape{24, 24},
                                                        Shape{1, 7}, Shape{7, 1}, Shape{1, 1})),
                         AndDevice([](const Shape& shape) {
                           return absl::StrCat(shape.rows, "x", shape.columns);
                         }));

class MuonGoldenTest : public EachDevice {
 protected:
  void SetUp() override {
    EachDevice::SetUp();
    ASSERT_OK_AND_ASSIGN(golden_, ParseSafetensors(std::string(EmbeddedMuonValues()[0].contents)));
    for (auto& [name, tensor] : golden_) tensor = tensor.to(device_);
  }

  TensorMap golden_;
};

TEST_P(MuonGoldenTest, Orthogonalize) {
  for (const char* name : {"tall", "wide", "square"}) {
    const at::Tensor result = Orthogonalize(golden_.at(absl::StrCat("matrices/", name)));
    EXPECT_LT(Error(result, golden_.at(absl::StrCat("orthogonalized/", name))), 1e-5) << name;
  }
}

TEST_P(MuonGoldenTest, FiveSteps) {
  OptimizerConfig config;
  config.set_weight_decay(0.1);
  Muon muon(config);
  for (const char* name : {kQkv, "blocks.0.attention.projection.weight",
                           "blocks.0.mlp.hidden.weight", "blocks.0.mlp.output.weight"}) {
    muon.Add({name, golden_.at(absl::StrCat("initial/", name)).clone()});
  }
  const at::Tensor& learning_rates = golden_.at("learning_rates");
  ASSERT_EQ(learning_rates.numel(), 5);
  for (int step = 0; step < 5; ++step) {
    for (NamedParameter parameter : muon.parameters()) {
      parameter.tensor.mutable_grad() =
          golden_.at(absl::StrCat("gradients/", step, "/", parameter.name));
    }
    muon.Step(Rate(learning_rates[step].item<double>()), {}, {});
    for (const auto& [name, tensor] : muon.parameters()) {
      const at::Tensor& initial = golden_.at(absl::StrCat("initial/", name));
      const at::Tensor& expected = golden_.at(absl::StrCat("parameters/", step, "/", name));
      EXPECT_LT(Error(tensor - initial, expected - initial), 1e-5) << name << ", step " << step;
    }
  }
  const TensorMap state = muon.State();
  ASSERT_EQ(state.size(), 4);
  for (const auto& [name, tensor] : state) EXPECT_LT(Error(tensor, golden_.at(name)), 1e-6) << name;
}

INSTANTIATE_ON_EACH_DEVICE(MuonGoldenTest);

class MuonTest : public EachDevice {
 protected:
  at::Tensor Random(at::IntArrayRef shape, uint64_t seed) const {
    return RandomMatrix(shape, seed).to(device_);
  }
};

TEST_P(MuonTest, PackedMatricesAreThree) {
  // As in training, where the values' gradient is the largest by far.
  at::Tensor packed = Random({24, 8}, 1);
  const at::Tensor gradient = at::concat({Random({16, 8}, 2), 100 * Random({8, 8}, 3)});
  std::vector<at::Tensor> separate;
  Muon one({}), three({});
  one.Add({kQkv, packed});
  packed.mutable_grad() = gradient;
  for (int i = 0; i < 3; ++i) {
    separate.push_back(packed.split(8)[i].clone());
    separate[i].mutable_grad() = gradient.split(8)[i];
    three.Add({absl::StrCat("blocks.0.attention.", i, ".weight"), separate[i]});
  }
  one.Step(Rate(0.1), {}, {});
  three.Step(Rate(0.1), {}, {});
  EXPECT_FALSE(packed.equal(Random({24, 8}, 1)));
  EXPECT_LT(Error(packed, at::concat(separate)), 1e-5);
}

TEST_P(MuonTest, UpdateIsOfAdamWsSize) {
  OptimizerConfig config;
  config.set_weight_decay(0);
  for (const auto& [rows, columns] : std::map<int, int>{{64, 16}, {16, 64}, {48, 48}}) {
    at::Tensor weight = at::zeros({rows, columns}, device_);
    weight.mutable_grad() = 1e-3 * Random({rows, columns}, 1);
    Muon muon(config);
    muon.Add({"weight", weight});
    muon.Step(Rate(1), {}, {});
    const double rms = weight.square().mean().sqrt().item<double>();
    EXPECT_GT(rms, 0.2 * 0.6) << rows;
    EXPECT_LT(rms, 0.2 * 1.3) << rows;
  }
}

TEST_P(MuonTest, FoundInfChangesNothing) {
  at::Tensor weight = Random({6, 4}, 1);
  Muon muon({});
  muon.Add({"weight", weight});
  weight.mutable_grad() = Random({6, 4}, 2);
  muon.Step(Rate(0.01), at::full({}, 0.0, device_), {});
  const at::Tensor before = weight.clone();
  const at::Tensor buffer = muon.State().at("momentum_buffer.weight").clone();
  EXPECT_FALSE(before.equal(Random({6, 4}, 1))) << "a found_inf of 0 lets the update through";

  weight.mutable_grad() = at::full_like(weight, NAN);
  muon.Step(Rate(0.01), at::full({}, 1.0, device_), {});
  EXPECT_TRUE(weight.equal(before));
  EXPECT_TRUE(muon.State().at("momentum_buffer.weight").equal(buffer));
}

INSTANTIATE_ON_EACH_DEVICE(MuonTest);

// Tensors on the meta device have no values: reading one on the host, for which a GPU would have to
// be waited for, is an error there. Without found_inf, since at::where cannot be called there.
TEST(MuonTest, NoValueIsReadOnTheHost) {
  at::Tensor packed = at::empty({12, 4}, at::kMeta);
  packed.mutable_grad() = at::empty({12, 4}, at::kMeta);
  Muon muon({});
  muon.Add({kQkv, packed});
  muon.Step(Rate(0.01), {}, {});
  EXPECT_ANY_THROW(packed.max().item<float>());
}

TEST(MuonDeathTest, TakesMatricesOnly) {
  Muon muon({});
  EXPECT_DEATH(muon.Add({"class_token", at::zeros({1, 1, 4})}), "class_token");
}

}  // namespace
}  // namespace vitrine
