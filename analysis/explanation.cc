#include "analysis/explanation.h"

#include <variant>

#include "analysis/pictures.h"
#include "base/status_macros.h"
#include "data/batches/planar.h"
#include "data/image/decode.h"
#include "data/image/png.h"

namespace vitrine {

absl::StatusOr<Explanation> Explain(const Classifier& classifier, std::string_view file,
                                    const RelevanceOptions& options) {
  ASSIGN_OR_RETURN(const PreparedImage prepared, classifier.Prepare(file));
  const Relevance relevance = ComputeRelevance(classifier.model(), prepared.input, options);
  ASSIGN_OR_RETURN(const auto best, classifier.Best(relevance.logits[0], /*top=*/1));
  ASSIGN_OR_RETURN(EncodedImage encoded, EncodedImage::Open(file));
  Explanation explanation;
  RETURN_IF_ERROR(encoded.Decode(&explanation.picture));
  explanation.map = relevance.maps[0];
  explanation.overlay = Overlay(explanation.picture, explanation.map, prepared.region);
  explanation.best = best[0];
  return explanation;
}

std::string ImageFile(const StoredImage& stored) {
  if (const auto* encoded = std::get_if<EncodedBytes>(&stored)) return std::string(encoded->bytes);
  Image picture;
  ToPicture(std::get<PlanarPixels>(stored), &picture);
  return EncodePng(picture);
}

}  // namespace vitrine
