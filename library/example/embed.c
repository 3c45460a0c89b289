/* embed MODEL PICTURE prints the vector of a picture. */

#include <stdio.h>
#include <stdlib.h>
#include <vitrine.h>

int main(int argc, char** argv) {
  vitrine_model* model;
  vitrine_picture picture = {0};
  if (argc != 3) {
    fprintf(stderr, "usage: embed MODEL PICTURE\n");
    return 1;
  }
  picture.path = argv[2];
  if (vitrine_open(argv[1], NULL, &model) != VITRINE_OK) {
    fprintf(stderr, "%s\n", vitrine_error());
    return 1;
  }
  const size_t size = vitrine_embedding_size(model);
  float* row = malloc(size * sizeof(float));
  const vitrine_status status = vitrine_embed(model, &picture, 1, row);
  if (status != VITRINE_OK) fprintf(stderr, "%s\n", vitrine_error());
  for (size_t i = 0; status == VITRINE_OK && i < size; ++i) printf("%.9g\n", row[i]);
  free(row);
  vitrine_close(model);
  return status;
}
