// Maps of relevance as pictures for people.

#ifndef ANALYSIS_PICTURES_H_
#define ANALYSIS_PICTURES_H_

#include <span>
#include <string>

#include "ATen/core/Tensor.h"
#include "data/image/image.h"

namespace vitrine {

// The picture in its own size under the colours of the map, float32 [rows, columns], which lies
// over `seen`, the part of the picture that the model sees. The largest value of the map is the
// lightest colour; what the model does not see is darkened.
Image Overlay(const Image& picture, const at::Tensor& map, const Region& seen);

// The picture in the size whose longer side is so many pixels.
Image Fitted(const Image& picture, int longer_side);

// The picture, made smaller if its longer side is of more pixels, as a data: URL for a page.
std::string DataUrl(const Image& picture, int longest_side);

// Pictures in rows of at most `max_columns`, each scaled to fit a square cell of so many pixels, on
// white.
Image ContactSheet(std::span<const Image> pictures, int max_columns, int cell);

}  // namespace vitrine

#endif  // ANALYSIS_PICTURES_H_
