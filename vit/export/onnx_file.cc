#include "vit/export/onnx_file.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/files/file_writer.h"
#include "base/files/new_file.h"
#include "base/status_macros.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

// Programs look into small ones, such as the arguments of Reshape, before they open another file.
constexpr size_t kLeastOutside = 1024;

// Where runtimes may map a weight into memory.
constexpr int64_t kAlignment = 4096;

std::string_view Bytes(const at::Tensor& contiguous) {
  return {static_cast<const char*>(contiguous.const_data_ptr()), contiguous.nbytes()};
}

void AddExternal(const std::string& key, const std::string& value, onnx::TensorProto* weight) {
  onnx::StringStringEntryProto* const entry = weight->add_external_data();
  entry->set_key(key);
  entry->set_value(value);
}

// Puts the bytes behind those that are there, and says in the weight where.
absl::Status PutOutside(const at::Tensor& data, const std::string& file, FileWriter* writer,
                        onnx::TensorProto* weight) {
  const int64_t padding = -writer->size() & (kAlignment - 1);
  RETURN_IF_ERROR(writer->Append(std::string(padding, '\0')));
  weight->set_data_location(onnx::TensorProto::EXTERNAL);
  AddExternal("location", file, weight);
  AddExternal("offset", absl::StrCat(writer->size()), weight);
  AddExternal("length", absl::StrCat(data.nbytes()), weight);
  return writer->Append(Bytes(data));
}

absl::Status WriteInside(OnnxModel model, const fs::path& path) {
  for (size_t i = 0; i < model.data.size(); ++i) {
    const std::string_view bytes = Bytes(model.data[i]);
    model.proto.mutable_graph()->mutable_initializer(i)->set_raw_data(bytes.data(), bytes.size());
    model.data[i].reset();
  }
  return WriteAtomically(path, model.proto.SerializeAsString());
}

absl::Status WriteBeside(OnnxModel model, const fs::path& path, const fs::path& data_path) {
  RETURN_IF_ERROR(CheckIsNew(data_path));
  ASSIGN_OR_RETURN(FileWriter data, FileWriter::Create(data_path));
  for (size_t i = 0; i < model.data.size(); ++i) {
    onnx::TensorProto* const weight = model.proto.mutable_graph()->mutable_initializer(i);
    const std::string_view bytes = Bytes(model.data[i]);
    if (bytes.size() < kLeastOutside) {
      weight->set_raw_data(bytes.data(), bytes.size());
    } else {
      RETURN_IF_ERROR(PutOutside(model.data[i], data_path.filename().string(), &data, weight));
    }
  }
  RETURN_IF_ERROR(data.Commit());
  const absl::Status written = WriteAtomically(path, model.proto.SerializeAsString());
  if (!written.ok()) (void)RemoveAll(data_path);
  return written;
}

}  // namespace

fs::path OnnxDataPath(const fs::path& path) { return fs::path(path) += ".data"; }

absl::StatusOr<bool> WriteOnnx(OnnxModel model, const fs::path& path, int64_t most_inside) {
  CHECK_EQ(model.data.size(), static_cast<size_t>(model.proto.graph().initializer_size()));
  RETURN_IF_ERROR(CheckIsNew(path));
  int64_t bytes = 0;
  for (const at::Tensor& data : model.data) bytes += static_cast<int64_t>(data.nbytes());
  const bool is_beside = bytes > most_inside;
  RETURN_IF_ERROR(is_beside ? WriteBeside(std::move(model), path, OnnxDataPath(path))
                            : WriteInside(std::move(model), path));
  return is_beside;
}

}  // namespace vitrine
