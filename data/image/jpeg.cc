#include "data/image/jpeg.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs FILE
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "glog/logging.h"
#include "jpeglib.h"
// Behind jpeglib.h, which says what messages there are.
#include "jerror.h"

namespace vitrine {
namespace {

constexpr int kApp1 = JPEG_APP0 + 1;  // the marker of both Exif and XMP
constexpr std::string_view kXmpStart("http://ns.adobe.com/xap/1.0/\0", 29);
constexpr std::string_view kEndMarker = "\xff\xd9";

// A progressive picture of a few bytes can ask for any number of passes over all its pixels.
constexpr int kMostScans = 100;

// libjpeg reports errors by a function that may not return. It is C, and so are all frames between
// the call and the jump: no destructor is skipped, because the functions that call setjmp make no
// object that has one after it.
struct ErrorManager {
  jpeg_error_mgr base;
  jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
  char damage[JMSG_LENGTH_MAX] = "";  // the first that does not end the decoding
};

[[noreturn]] void Jump(j_common_ptr codec) {
  auto* errors = reinterpret_cast<ErrorManager*>(codec->err);
  codec->err->format_message(codec, errors->message);
  longjmp(errors->jump, 1);
}

// Warnings of what libjpeg calls corrupt data.
bool IsDamage(int message) {
  return message == JWRN_EXTRANEOUS_DATA || message == JWRN_HIT_MARKER ||
         message == JWRN_HUFF_BAD_CODE || message == JWRN_ARITH_BAD_CODE ||
         message == JWRN_MUST_RESYNC;
}

void OnMessage(j_common_ptr codec, int level) {
  if (level >= 0) return;
  auto* errors = reinterpret_cast<ErrorManager*>(codec->err);
  if (codec->err->msg_code == JWRN_JPEG_EOF) Jump(codec);
  if (errors->damage[0] == '\0' && IsDamage(codec->err->msg_code)) {
    codec->err->format_message(codec, errors->damage);
  }
}

void InstallErrors(j_common_ptr codec, ErrorManager* errors) {
  codec->err = jpeg_std_error(&errors->base);
  errors->base.error_exit = Jump;
  errors->base.emit_message = OnMessage;
}

void OnProgress(j_common_ptr codec) {
  const auto* decoder = reinterpret_cast<j_decompress_ptr>(codec);
  if (decoder->input_scan_number <= kMostScans) return;
  auto* errors = reinterpret_cast<ErrorManager*>(codec->err);
  std::snprintf(errors->message, sizeof errors->message, "more than %d scans", kMostScans);
  longjmp(errors->jump, 1);
}

// Whether a progressive picture lacks scans of the coarser coefficients. libjpeg makes them up
// then, smoothly, from those of no frequency, every version in its own way.
bool IsSmoothed(const jpeg_decompress_struct& codec) {
  constexpr int kMadeUp = 10;  // the first that are not, in the order of the file
  if (codec.coef_bits == nullptr) return false;
  bool lacks_scans = false;
  for (int c = 0; c < codec.num_components; ++c) {
    const auto& bits = codec.coef_bits[c];  // that are still unknown; -1: nothing is known
    if (bits[0] < 0) return false;
    lacks_scans |= std::any_of(bits + 1, bits + kMadeUp, [](int unknown) { return unknown != 0; });
  }
  return lacks_scans;
}

// Adobe's inverted cyan, magenta, yellow and black to red, green and blue.
void CmykToRgb(const uint8_t* cmyk, int width, uint8_t* rgb) {
  for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    for (int c = 0; c < 3; ++c) {
      const int product = cmyk[c] * cmyk[3] + 128;
      rgb[c] = (product + (product >> 8)) >> 8;  // product / 255, rounded
    }
  }
}

std::string DamageText(const char* message) {
  return absl::StrCat("a damaged JPEG (", message, ")");
}

absl::Status Damaged(const char* message) { return absl::DataLossError(DamageText(message)); }

}  // namespace

struct JpegDecoder::State {
  jpeg_decompress_struct codec = {};
  ErrorManager errors;
  jpeg_progress_mgr progress = {};
  std::vector<uint8_t> row;

  State() {
    InstallErrors(reinterpret_cast<j_common_ptr>(&codec), &errors);
    progress.progress_monitor = OnProgress;
  }
  ~State() { jpeg_destroy_decompress(&codec); }

  absl::Status ReadHeader(std::string_view bytes);
  // Of a row of the picture to the row that the box has of it.
  void CopyRow(int first, int width, uint8_t* out) const;
  // After the last row of the box. What follows is left alone, unless there is damage: whether that
  // can be read shows at the end of the file.
  void Finish();
  bool is_damaged() const { return errors.damage[0] != '\0'; }
};

absl::Status JpegDecoder::State::ReadHeader(std::string_view bytes) {
  if (setjmp(errors.jump) != 0) return Damaged(errors.message);
  jpeg_create_decompress(&codec);
  codec.progress = &progress;
  jpeg_mem_src(&codec, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_save_markers(&codec, kApp1, 0xffff);
  jpeg_read_header(&codec, /*require_image=*/TRUE);
  // What follows the header holds no end marker but the end.
  const std::string_view rest = bytes.substr(bytes.size() - codec.src->bytes_in_buffer);
  if (rest.rfind(kEndMarker) == rest.npos) return Damaged("its end is missing");
  const bool has_black = codec.jpeg_color_space == JCS_CMYK || codec.jpeg_color_space == JCS_YCCK;
  codec.out_color_space = has_black ? JCS_CMYK : JCS_RGB;
  codec.dct_method = JDCT_ISLOW;
  return absl::OkStatus();
}

void JpegDecoder::State::CopyRow(int first, int width, uint8_t* out) const {
  const uint8_t* in = row.data() + size_t{1} * first * codec.output_components;
  if (codec.output_components == 4) return CmykToRgb(in, width, out);
  std::memcpy(out, in, size_t{3} * width);
}

void JpegDecoder::State::Finish() {
  const JDIMENSION rest = codec.output_height - codec.output_scanline;
  if (rest > 0 && is_damaged()) {
    uint8_t* memory = row.data();
    jpeg_skip_scanlines(&codec, rest - 1);  // with the last one it would skip the end too
    jpeg_read_scanlines(&codec, &memory, 1);
  }
  if (codec.output_scanline == codec.output_height) {
    jpeg_finish_decompress(&codec);
  } else {
    jpeg_abort_decompress(&codec);
  }
}

JpegDecoder::JpegDecoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
JpegDecoder::JpegDecoder(JpegDecoder&&) = default;
JpegDecoder& JpegDecoder::operator=(JpegDecoder&&) = default;
JpegDecoder::~JpegDecoder() = default;

absl::StatusOr<JpegDecoder> JpegDecoder::Open(std::string_view bytes) {
  auto state = std::make_unique<State>();
  if (absl::Status status = state->ReadHeader(bytes); !status.ok()) return status;
  return JpegDecoder(std::move(state));
}

int JpegDecoder::width() const { return state_->codec.image_width; }
int JpegDecoder::height() const { return state_->codec.image_height; }

// Exif goes on from segment to segment; of XMP the last one counts.
Orientation JpegDecoder::orientation() const {
  std::string exif;
  std::string_view xmp;
  for (const auto* marker = state_->codec.marker_list; marker != nullptr; marker = marker->next) {
    std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (absl::StartsWith(data, kExifStart)) {
      absl::StrAppend(&exif, exif.empty() ? data : data.substr(kExifStart.size()));
    } else if (absl::ConsumePrefix(&data, kXmpStart)) {
      xmp = data;
    }
  }
  return ReadOrientation(exif, xmp);
}

std::string JpegDecoder::damage() const {
  return state_->is_damaged() ? DamageText(state_->errors.damage) : "";
}

absl::Status JpegDecoder::Decode(const Box& box, int shrink, Image* image) {
  jpeg_decompress_struct& codec = state_->codec;
  image->Resize(box.width, box.height);
  if (setjmp(state_->errors.jump) != 0) return Damaged(state_->errors.message);
  codec.scale_num = 1;
  codec.scale_denom = shrink;
  jpeg_start_decompress(&codec);
  if (state_->is_damaged() && IsSmoothed(codec)) return Damaged(state_->errors.damage);
  CHECK(
      IsWithin(box, {static_cast<int>(codec.output_width), static_cast<int>(codec.output_height)}))
      << "the box is not within the picture";

  // Smooth upsampling looks at the neighbours of a column, so a block more is decoded on each side.
  const JDIMENSION block = codec.max_h_samp_factor * codec.min_DCT_scaled_size;
  JDIMENSION left = std::max<int>(0, box.x - static_cast<int>(block));
  const JDIMENSION right = std::min(box.x + box.width + block, codec.output_width);
  JDIMENSION width = right - left;
  if (width < codec.output_width) jpeg_crop_scanline(&codec, &left, &width);
  state_->row.resize(size_t{1} * codec.output_width * codec.output_components);

  jpeg_skip_scanlines(&codec, box.y);
  uint8_t* row = state_->row.data();
  for (int y = 0; y < box.height; ++y) {
    jpeg_read_scanlines(&codec, &row, 1);
    state_->CopyRow(box.x - static_cast<int>(left), box.width, image->row(y));
  }
  state_->Finish();
  return absl::OkStatus();
}

std::string EncodeJpeg(const Image& image, int quality) {
  jpeg_compress_struct codec;
  ErrorManager errors;
  unsigned char* memory = nullptr;
  unsigned long size = 0;  // NOLINT(google-runtime-int): libjpeg's type
  InstallErrors(reinterpret_cast<j_common_ptr>(&codec), &errors);
  if (setjmp(errors.jump) != 0) LOG(FATAL) << "cannot encode a JPEG: " << errors.message;
  jpeg_create_compress(&codec);
  jpeg_mem_dest(&codec, &memory, &size);
  codec.image_width = image.width;
  codec.image_height = image.height;
  codec.input_components = 3;
  codec.in_color_space = JCS_RGB;
  jpeg_set_defaults(&codec);
  jpeg_set_quality(&codec, quality, /*force_baseline=*/TRUE);
  codec.comp_info[0].h_samp_factor = codec.comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(&codec, TRUE);
  for (int y = 0; y < image.height; ++y) {
    auto* row = const_cast<uint8_t*>(image.row(y));
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  std::string bytes(reinterpret_cast<const char*>(memory), size);
  jpeg_destroy_compress(&codec);
  std::free(memory);
  return bytes;
}

}  // namespace vitrine
