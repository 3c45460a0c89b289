"""classify.py LIBRARY MODEL PICTURE prints what the picture shows; LIBRARY is libvitrine.so."""

import ctypes
import sys


class Picture(ctypes.Structure):
    _fields_ = [
        ("path", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("stride", ctypes.c_size_t),
    ]


class Score(ctypes.Structure):
    _fields_ = [("index", ctypes.c_int32), ("probability", ctypes.c_double)]


def check(status: int) -> None:
    if status:
        sys.exit(vitrine.vitrine_error().decode())


library, path, photo = sys.argv[1:]
vitrine = ctypes.CDLL(library)
vitrine.vitrine_error.restype = vitrine.vitrine_class_name.restype = ctypes.c_char_p
model, picture, score = ctypes.c_void_p(), Picture(path=photo.encode()), Score()
check(vitrine.vitrine_open(path.encode(), None, ctypes.byref(model)))
one = ctypes.c_size_t(1)
check(vitrine.vitrine_classify(model, ctypes.byref(picture), one, 1, ctypes.byref(score)))
print(vitrine.vitrine_class_name(model, score.index).decode(), score.probability)
