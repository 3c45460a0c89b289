#include "data/source/packed_source.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files/crc32c.h"
#include "base/files/random_access_file.h"
#include "base/status_macros.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

struct Footer {
  uint64_t index_size = 0;
  uint32_t index_crc32c = 0;
  uint32_t zero = 0;
  char magic[8] = {'V', 'I', 'T', 'R', 'P', 'A', 'C', 'K'};
};
static_assert(sizeof(Footer) == 24);

absl::Status Damaged(const fs::path& path, std::string_view what) {
  return absl::DataLossError(absl::StrCat(path.string(), ": ", what, "; pack it again"));
}

// Everything that Read relies on.
absl::Status CheckIndex(const PackedIndex& index, int64_t data_size) {
  const int count = index.end_size();
  if (index.crc32c_size() != count || index.label_size() != count || index.name_size() != count) {
    return absl::DataLossError("its index contradicts itself");
  }
  uint64_t before = 0;
  for (int i = 0; i < count; ++i) {
    if (index.end(i) < before) return absl::DataLossError("its index goes backwards");
    if (index.label(i) < 0 || index.label(i) >= index.class_names_size()) {
      return absl::DataLossError(
          absl::StrCat("label ", index.label(i), " of ", index.class_names_size(), " classes"));
    }
    before = index.end(i);
  }
  if (before == static_cast<uint64_t>(data_size)) return absl::OkStatus();
  return absl::DataLossError("its index is of another file");
}

absl::StatusOr<PackedIndex> ReadIndex(const RandomAccessFile& file) {
  const absl::Status no_pack = absl::DataLossError("is no packed file, or its end is missing");
  const int64_t index_end = file.size() - static_cast<int64_t>(sizeof(Footer));
  if (index_end < 0) return no_pack;
  ASSIGN_OR_RETURN(const std::string end, file.Read(index_end, sizeof(Footer)));
  Footer footer;
  std::memcpy(&footer, end.data(), sizeof(footer));
  if (std::memcmp(footer.magic, Footer().magic, sizeof(footer.magic)) != 0 ||
      footer.index_size > static_cast<uint64_t>(index_end)) {
    return no_pack;
  }
  const int64_t index_size = static_cast<int64_t>(footer.index_size);
  ASSIGN_OR_RETURN(const std::string bytes, file.Read(index_end - index_size, index_size));
  PackedIndex index;
  if (Crc32c(bytes) != footer.index_crc32c || !index.ParseFromString(bytes)) {
    return absl::DataLossError("its index is damaged");
  }
  RETURN_IF_ERROR(CheckIndex(index, index_end - index_size));
  return index;
}

class PackedSource final : public ImageSource {
 public:
  PackedSource(RandomAccessFile file, PackedIndex index)
      : file_(std::move(file)), index_(std::move(index)) {}

  int64_t size() const override { return index_.end_size(); }
  int64_t Label(int64_t index) const override { return index_.label(At(index)); }
  std::string Name(int64_t index) const override {
    return absl::StrCat(file_.path().string(), ", ", index_.name(At(index)));
  }

  absl::StatusOr<StoredImage> Read(int64_t index) const override {
    const int i = At(index);
    const int64_t begin = i == 0 ? 0 : static_cast<int64_t>(index_.end(i - 1));
    ASSIGN_OR_RETURN(std::string bytes,
                     file_.Read(begin, static_cast<int64_t>(index_.end(i)) - begin));
    if (Crc32c(bytes) != index_.crc32c(i)) {
      return absl::DataLossError(
          absl::StrCat(Name(index), ": its checksum is wrong; pack the file again"));
    }
    auto owner = std::make_shared<const std::string>(std::move(bytes));
    return EncodedBytes{.bytes = *owner, .owner = owner};
  }

 private:
  int At(int64_t index) const {
    CHECK(index >= 0 && index < size()) << index << " of " << size();
    return static_cast<int>(index);
  }

  RandomAccessFile file_;
  PackedIndex index_;
};

}  // namespace

absl::StatusOr<PackedWriter> PackedWriter::Create(const fs::path& path,
                                                  const std::vector<std::string>& class_names,
                                                  std::string_view origin) {
  ASSIGN_OR_RETURN(FileWriter file, FileWriter::Create(path));
  PackedWriter writer(std::move(file));
  for (const std::string& name : class_names) writer.index_.add_class_names(name);
  writer.index_.set_origin(std::string(origin));
  return writer;
}

absl::Status PackedWriter::Add(int64_t label, std::string_view name, std::string_view bytes) {
  CHECK(label >= 0 && label < index_.class_names_size()) << label;
  RETURN_IF_ERROR(file_.Append(bytes));
  index_.add_end(file_.size());
  index_.add_crc32c(Crc32c(bytes));
  index_.add_label(static_cast<int32_t>(label));
  index_.add_name(std::string(name));
  return absl::OkStatus();
}

absl::Status PackedWriter::Complete() {
  if (complete_) return absl::OkStatus();
  const std::string index = index_.SerializeAsString();
  Footer footer;
  footer.index_size = index.size();
  footer.index_crc32c = Crc32c(index);
  RETURN_IF_ERROR(file_.Append(index));
  RETURN_IF_ERROR(file_.Append({reinterpret_cast<const char*>(&footer), sizeof(footer)}));
  RETURN_IF_ERROR(file_.Complete());
  complete_ = true;
  return absl::OkStatus();
}

absl::Status PackedWriter::Finish() {
  RETURN_IF_ERROR(Complete());
  return file_.Commit();
}

absl::StatusOr<PackedImages> OpenPacked(const fs::path& path) {
  ASSIGN_OR_RETURN(RandomAccessFile file, RandomAccessFile::Open(path));
  absl::StatusOr<PackedIndex> index = ReadIndex(file);
  if (absl::IsDataLoss(index.status())) return Damaged(path, index.status().message());
  RETURN_IF_ERROR(index.status());
  PackedImages packed;
  packed.class_names.assign(index->class_names().begin(), index->class_names().end());
  packed.origin = index->origin();
  packed.images = std::make_shared<PackedSource>(std::move(file), *std::move(index));
  return packed;
}

}  // namespace vitrine
