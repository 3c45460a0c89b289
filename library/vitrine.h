// Vision Transformers in a program of your own: classifies pictures, or turns them into vectors.
//
//   const vitrine::Model model = vitrine::Model::Open("runs/imagenette");
//   for (const vitrine::Prediction& p : model.Classify(vitrine::Picture::File("photo.jpg"))) {
//     std::cout << p.name << " " << p.probability << "\n";
//   }
//
// The library is called by its C interface, which comes first. The C++ classes below it are in this
// file alone, so that any compiler of C++17 will do. Nothing is printed, no signal or flag is
// touched, and no exception passes through the C interface.
//
// Threads: any number of them may use a model at once. Each that calls computes with `threads`
// threads of its own, so that programs with many callers take threads = 1. That number belongs to
// the process: the first model that is opened sets it.

#ifndef LIBRARY_VITRINE_H_
#define LIBRARY_VITRINE_H_

#include <stddef.h>
#include <stdint.h>

#define VITRINE_VERSION "1.0.0"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum vitrine_status {
  VITRINE_OK = 0,
  VITRINE_INVALID_ARGUMENT = 1,     // a mistake in the call, or no picture of a kind that is read
  VITRINE_NOT_FOUND = 2,            // no such file or model
  VITRINE_DATA_LOSS = 3,            // a file or a picture is damaged
  VITRINE_FAILED_PRECONDITION = 4,  // it can't be done with this model, or in this process
  VITRINE_RESOURCE_EXHAUSTED = 5,   // memory, or threads
  VITRINE_INTERNAL = 6              // a fault of ours
} vitrine_status;

typedef enum vitrine_precision {
  VITRINE_FP32 = 0,
  VITRINE_BF16 = 1  // products of rounded operands, in less time where the processor has them
} vitrine_precision;

typedef struct vitrine_options {
  size_t size;          // sizeof(vitrine_options)
  int32_t threads;      // 0: what the process has, or else what it may use
  int32_t precision;    // a vitrine_precision
  const char* weights;  // "model", or "ema" or "swa" for that average of them; NULL: "model"
} vitrine_options;

typedef struct vitrine_model vitrine_model;

// A file, the bytes of a file, or pixels. JPEG and PNG are found out by their first bytes, and are
// turned as their orientation says. Damaged ones are read where Pillow reads them.
typedef struct vitrine_picture {
  const char* path;  // of a file; NULL: `data` is the picture
  const void* data;
  size_t size;  // bytes of data

  // 0 x 0: `data` are the bytes of a JPEG or PNG. Otherwise sRGB pixels: rows from the top, each
  // pixel a byte of red, one of green, one of blue.
  int32_t width, height;
  size_t stride;  // bytes from one row to the next; 0: 3 * width
} vitrine_picture;

typedef struct vitrine_score {
  int32_t index;  // of the class
  double probability;
} vitrine_score;

// A model for the CPU. `path` is a checkpoint, a run of //train, of which the newest checkpoint is
// taken, or weights of another package, as //eval:predict takes them. `options` may be NULL: FP32,
// all that is 0 above. On success *model is to be closed; otherwise it is NULL.
vitrine_status vitrine_open(const char* path, const vitrine_options* options,
                            vitrine_model** model);

// May be NULL. No other thread may be using it.
void vitrine_close(vitrine_model* model);

int32_t vitrine_class_count(const vitrine_model* model);

// Lasts as long as the model; NULL, with vitrine_error(), if there is no such class.
const char* vitrine_class_name(const vitrine_model* model, int32_t index);

// Numbers of a picture's vector.
size_t vitrine_embedding_size(const vitrine_model* model);

// Fills scores[count][top]: of each picture the most probable classes, the best first. `top` is at
// least 1 and at most the number of classes. Larger batches take less time for each picture; their
// last bits differ from those of a picture alone. After an error `scores` holds anything.
vitrine_status vitrine_classify(const vitrine_model* model, const vitrine_picture* pictures,
                                size_t count, int32_t top, vitrine_score* scores);

// Fills rows[count][embedding_size] with vectors that have a small angle between them if pictures
// are alike: what the model's head reads.
vitrine_status vitrine_embed(const vitrine_model* model, const vitrine_picture* pictures,
                             size_t count, float* rows);

// What the newest error of the calling thread was: one line of UTF-8 that names the file or picture
// and, where there is one, the remedy. Lasts until its next error. Never NULL.
const char* vitrine_error(void);

// The number of the picture that it was about, from 0; -1 if it was not about one.
int64_t vitrine_error_picture(void);

// Of the library: VITRINE_VERSION of the header it was built with. A library of the same major
// version works with a program of an older header.
const char* vitrine_version(void);

#ifdef __cplusplus
}  // extern "C"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace vitrine {

// what() is vitrine_error().
class Error : public std::runtime_error {
 public:
  explicit Error(vitrine_status status)
      : std::runtime_error(vitrine_error()), status_(status), picture_(vitrine_error_picture()) {}

  vitrine_status status() const { return status_; }
  int64_t picture() const { return picture_; }  // which of a batch, or -1

 private:
  vitrine_status status_;
  int64_t picture_;
};

// Those of vitrine_options.
struct Options {
  int threads = 0;
  vitrine_precision precision = VITRINE_FP32;
  std::string weights = "model";
};

// Of what is in memory it holds the address only: that must stay until the call returns.
class Picture {
 public:
  static Picture File(std::string path) {
    Picture picture;
    picture.is_file_ = true;
    picture.path_ = std::move(path);
    return picture;
  }

  // The bytes of a JPEG or PNG file.
  static Picture Encoded(const void* data, size_t size) {
    Picture picture;
    picture.fields_.data = data;
    picture.fields_.size = size;
    return picture;
  }

  // uint8 [height, width, 3], with `stride` bytes from one row to the next (0: 3 * width).
  static Picture Pixels(const uint8_t* rgb, int width, int height, size_t stride = 0) {
    Picture picture;
    const size_t row = width > 0 ? size_t{3} * static_cast<size_t>(width) : 0;
    picture.fields_.data = rgb;
    picture.fields_.width = width;
    picture.fields_.height = height;
    picture.fields_.stride = stride == 0 ? row : stride;
    if (height > 0) {
      picture.fields_.size = picture.fields_.stride * static_cast<size_t>(height - 1) + row;
    }
    return picture;
  }

  vitrine_picture fields() const {
    vitrine_picture fields = fields_;
    if (is_file_) fields.path = path_.c_str();
    return fields;
  }

 private:
  Picture() = default;

  bool is_file_ = false;
  std::string path_;
  vitrine_picture fields_ = {};
};

struct Prediction {
  int index;
  std::string name;
  double probability;
};

// Every function throws Error.
class Model {
 public:
  static Model Open(const std::string& path, const Options& options = Options()) {
    vitrine_options fields = {};
    fields.size = sizeof(fields);
    fields.threads = options.threads;
    fields.precision = options.precision;
    fields.weights = options.weights.c_str();
    vitrine_model* model = nullptr;
    Check(vitrine_open(path.c_str(), &fields, &model));
    return Model(model);
  }

  int class_count() const { return vitrine_class_count(get()); }

  // 0 <= index < class_count().
  std::string class_name(int index) const {
    const char* name = vitrine_class_name(get(), index);
    if (name == nullptr) throw Error(VITRINE_INVALID_ARGUMENT);
    return name;
  }

  size_t embedding_size() const { return vitrine_embedding_size(get()); }

  // At most `top` of the most probable classes, the best first.
  std::vector<Prediction> Classify(const Picture& picture, int top = 5) const {
    return ClassifyAll({picture}, top)[0];
  }

  // The same for each of a batch.
  std::vector<std::vector<Prediction>> ClassifyAll(const std::vector<Picture>& pictures,
                                                   int top = 5) const {
    top = std::min(top, class_count());
    std::vector<vitrine_score> scores(pictures.size() * static_cast<size_t>(std::max(top, 0)));
    Check(vitrine_classify(get(), FieldsOf(pictures).data(), pictures.size(), top, scores.data()));
    std::vector<std::vector<Prediction>> predictions(pictures.size());
    for (size_t i = 0; i < scores.size(); ++i) {
      const vitrine_score& score = scores[i];
      predictions[i / static_cast<size_t>(top)].push_back(
          {score.index, class_name(score.index), score.probability});
    }
    return predictions;
  }

  // [embedding_size].
  std::vector<float> Embed(const Picture& picture) const { return EmbedAll({picture}); }

  // [pictures, embedding_size], one row after the other.
  std::vector<float> EmbedAll(const std::vector<Picture>& pictures) const {
    std::vector<float> rows(pictures.size() * embedding_size());
    Check(vitrine_embed(get(), FieldsOf(pictures).data(), pictures.size(), rows.data()));
    return rows;
  }

  const vitrine_model* get() const { return model_.get(); }

 private:
  struct Close {
    void operator()(vitrine_model* model) const { vitrine_close(model); }
  };

  explicit Model(vitrine_model* model) : model_(model) {}

  static void Check(vitrine_status status) {
    if (status != VITRINE_OK) throw Error(status);
  }

  static std::vector<vitrine_picture> FieldsOf(const std::vector<Picture>& pictures) {
    std::vector<vitrine_picture> fields;
    for (const Picture& picture : pictures) fields.push_back(picture.fields());
    return fields;
  }

  std::unique_ptr<vitrine_model, Close> model_;
};

}  // namespace vitrine

#endif  // __cplusplus

#endif  // LIBRARY_VITRINE_H_
