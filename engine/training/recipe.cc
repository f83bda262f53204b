// A teacher's recipe as parameters of the catalogue.
#include "engine/training/teacher.h"

namespace zerosweep {

Params<TeacherRecipe> TeacherParams() {
  const TeacherRecipe d;
  return {
      Bind(&TeacherRecipe::epochs, {.name = "epochs",
                                    .default_value = d.epochs,
                                    .meaning = "passes over the training images",
                                    .unit = "epochs",
                                    .min = 1}),
      Bind(&TeacherRecipe::batch, {.name = "batch",
                                   .default_value = d.batch,
                                   .meaning = "images a step",
                                   .unit = "images",
                                   .min = 2}),
      Bind(&TeacherRecipe::lr, RateParam("lr", d.lr, "highest learning rate", "")),
      Bind(&TeacherRecipe::momentum,
           FractionParam("momentum", d.momentum, "Nesterov momentum", "")),
      Bind(&TeacherRecipe::weight_decay,
           RateParam("weight_decay", d.weight_decay, "L2 on convolution and linear weights", "")),
      Bind(&TeacherRecipe::warmup_epochs, {.name = "warmup_epochs",
                                           .default_value = d.warmup_epochs,
                                           .meaning = "linear rise of the learning rate",
                                           .unit = "epochs",
                                           .min = 0}),
      Bind(&TeacherRecipe::crop_padding, {.name = "crop_padding",
                                          .default_value = d.crop_padding,
                                          .meaning = "zero pixels around the image before the crop",
                                          .unit = "pixels",
                                          .min = 0}),
      Bind(&TeacherRecipe::flip, {.name = "flip",
                                  .default_value = d.flip,
                                  .meaning = "mirror images left-right with probability 1/2"}),
      Bind(&TeacherRecipe::label_smoothing,
           FractionParam("label_smoothing", d.label_smoothing, "share of the target spread evenly",
                         ""))};
}

}  // namespace zerosweep
