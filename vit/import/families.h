// How other packages name the tensors of a Vision Transformer.

#ifndef VIT_IMPORT_FAMILIES_H_
#define VIT_IMPORT_FAMILIES_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine {

// Which of our models a name of theirs is written for. All are read.
enum class Written {
  kAlways,
  kDistilled,  // with a distillation token
  kGated,      // with SWIGLU
  kNever,      // another version of the package has the name
};

// A tensor of theirs, or all of a layer, by the beginning of its name; "N" stands for the number of
// a block. A trailing "." means a layer: what follows is the same in both. Of ours "query", "key"
// and "value" become "qkv", and "gate" and "up" become "hidden". Where several names are written
// for a tensor of ours, the last one is.
struct Rename {
  std::string_view theirs, ours;
  Written written = Written::kAlways;
};

// The name as pattern `from` has it, under pattern `to`; nothing where it is not of `from`.
std::optional<std::string> Renamed(std::string_view name, std::string_view from,
                                   std::string_view to);

struct Family {
  std::string_view name;                   // for people: "timm", "transformers ViT"
  std::vector<std::string_view> marks;     // of these tensors it has one, and no other family any
  std::vector<std::string_view> prefixes;  // before every name, where there is one
  std::vector<Rename> renames;
  std::vector<std::string_view> unused;  // tensors that no forward pass of ours reads
  double layer_norm_epsilon;             // where nothing says another
  bool is_always_gelu;                   // where no tensor says SwiGLU
};

// In the order in which they are tried.
std::span<const Family> Families();

const Family& TimmFamily();
const Family& TransformersVitFamily();  // and DeiT
const Family& TransformersDinov2Family();

}  // namespace vitrine

#endif  // VIT_IMPORT_FAMILIES_H_
