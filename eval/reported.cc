#include "eval/reported.h"

#include <string>

#include "eval/embedded_reported.h"
#include "glog/logging.h"
#include "google/protobuf/text_format.h"

namespace vitrine {

const ReportedResults& ReportedWork() {
  static const ReportedResults* const results = [] {
    const std::string text(EmbeddedReported().front().contents);
    auto* parsed = new ReportedResults;
    CHECK(google::protobuf::TextFormat::ParseFromString(text, parsed)) << "reported.textproto";
    return parsed;
  }();
  return *results;
}

}  // namespace vitrine
