// vitrine.h is C, and no argument that is missing or wrong ends the program.

#include <stdio.h>
#include <string.h>

#include "library/vitrine.h"

static int failures = 0;

#define EXPECT(condition)                                         \
  do {                                                            \
    if (!(condition)) {                                           \
      fprintf(stderr, "line %d: not %s\n", __LINE__, #condition); \
      ++failures;                                                 \
    }                                                             \
  } while (0)

int main(void) {
  vitrine_model* model = NULL;
  vitrine_picture picture;
  vitrine_score score;
  float row;
  memset(&picture, 0, sizeof(picture));

  EXPECT(strcmp(vitrine_error(), "") == 0);
  EXPECT(vitrine_error_picture() == -1);
  EXPECT(vitrine_open(NULL, NULL, &model) == VITRINE_INVALID_ARGUMENT);
  EXPECT(strcmp(vitrine_error(), "path is NULL") == 0);
  EXPECT(vitrine_open("absent", NULL, NULL) == VITRINE_INVALID_ARGUMENT);
  model = (vitrine_model*)&picture;
  EXPECT(vitrine_open("absent", NULL, &model) == VITRINE_NOT_FOUND);
  EXPECT(model == NULL);
  EXPECT(strstr(vitrine_error(), "absent") != NULL);
  EXPECT(vitrine_classify(NULL, &picture, 1, 1, &score) == VITRINE_INVALID_ARGUMENT);
  EXPECT(vitrine_embed(NULL, &picture, 1, &row) == VITRINE_INVALID_ARGUMENT);
  EXPECT(strcmp(vitrine_error(), "model is NULL") == 0);
  EXPECT(vitrine_class_count(NULL) == 0);
  EXPECT(vitrine_class_name(NULL, 0) == NULL);
  EXPECT(vitrine_embedding_size(NULL) == 0);
  EXPECT(strcmp(vitrine_version(), VITRINE_VERSION) == 0);
  vitrine_close(NULL);
  return failures;
}
