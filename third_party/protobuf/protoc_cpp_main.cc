// protoc with the C++ generator only: upstream's main() pulls in nine languages and doubles the
// time of a cold build.

#include "google/protobuf/compiler/command_line_interface.h"
#include "google/protobuf/compiler/cpp/generator.h"

int main(int argc, char* argv[]) {
  google::protobuf::compiler::cpp::CppGenerator generator;
  google::protobuf::compiler::CommandLineInterface protoc;
  protoc.RegisterGenerator("--cpp_out", "--cpp_opt", &generator, "Generate C++ header and source.");
  return protoc.Run(argc, argv);
}
