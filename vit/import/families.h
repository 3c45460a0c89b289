// How other packages name the tensors of a Vision Transformer.

#ifndef VIT_IMPORT_FAMILIES_H_
#define VIT_IMPORT_FAMILIES_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine {

// A tensor of theirs, or all of a layer, by the beginning of its name; "N" stands for the number of
// a block. A trailing "." means a layer: what follows is the same in both. Of ours "query", "key"
// and "value" become "qkv", and "gate" and "up" become "hidden".
struct Rename {
  std::string_view theirs, ours;
};

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

}  // namespace vitrine

#endif  // VIT_IMPORT_FAMILIES_H_
