#include "engine/reconstruction/unit_caches.h"

#include <gtest/gtest.h>

#include "engine/quant/range_estimation.h"
#include "engine/quant/site_hooks.h"
#include "tests/support/engine/random_teacher.h"
#include "tests/support/engine/tiny_network.h"

namespace zerosweep {
namespace {

// A student whose sites have the ranges of its own tensors, and whose units are `rule`.
struct Case {
  Case(const Teacher& teacher, const Protocol& protocol, const std::string& rule,
       const torch::Tensor& images)
      : placement(protocol.act_placement),
        teacher(FoldBatchNorms(teacher.graph)),
        student(teacher, {protocol, /*fold=*/true, 4, 4}),
        units(FindUnits(this->teacher, rule)),
        images(images) {
    student.Forward(images, [&](size_t site, const torch::Tensor& tensor) {
      QuantizedActivation& activation = student.activations()[site];
      activation.grid = EstimateGrid(tensor, activation.site.bits, {}, /*per_channel=*/false);
    });
  }

  UnitCacher Cacher(int* batches = nullptr) const {
    return {student, placement, teacher, units, images, [batches] {
              if (batches != nullptr) ++*batches;
            }};
  }

  ActPlacement placement;
  Graph teacher;
  QuantizedNetwork student;
  std::vector<Unit> units;
  torch::Tensor images;
};

void ExpectSame(const torch::Tensor& a, const torch::Tensor& b, const std::string& what) {
  EXPECT_TRUE(torch::equal(a, b)) << what;
  EXPECT_EQ(a.strides(), b.strides()) << what;
}

// The tensor that readers of a value get in the whole student.
torch::Tensor InWholeStudent(const Case& of, Value value) {
  const std::vector<ActivationSite> sites = of.student.Sites();
  SiteHooks hooks(of.student.graph(), sites, [&](size_t i, int reader, const torch::Tensor& x) {
    return Quantize(of.student.activations()[i], reader, x);
  });
  torch::Tensor seen;
  ForwardHooks::Replace& replace = hooks.hooks().replace_output[value];
  replace = [&, quantize = replace](const torch::Tensor& x) {
    const torch::Tensor output = quantize ? quantize(x) : x;
    seen = (of.placement == ActPlacement::kOpInput ? x : output).clone();
    return output;
  };
  zerosweep::Run(of.student.graph(), of.images, hooks.hooks());
  return seen;
}

// A cacher that begins at a unit computes everything from the images, as after an interruption.
void ExpectOneWay(const Case& of, const Phase& phase) {
  UnitCacher all = of.Cacher();
  for (size_t unit = 0; unit < of.units.size(); ++unit) {
    const UnitCaches on_the_way = all.Of(phase, unit), alone = of.Cacher().Of(phase, unit);
    const std::string& name = of.units[unit].name;
    ExpectSame(on_the_way.x_fp, alone.x_fp, name + " x_fp");
    ExpectSame(on_the_way.x_q, alone.x_q, name + " x_q");
    ExpectSame(on_the_way.y, alone.y, name + " y");
    const Graph before = Extract(of.teacher, {0, 0}, of.units[unit].input).graph;
    EXPECT_TRUE(torch::equal(alone.x_fp, zerosweep::Run(before, of.images))) << name;
    if (phase.quantize_activations && !phase.fp_inputs) {
      EXPECT_TRUE(torch::equal(alone.x_q, InWholeStudent(of, of.units[unit].input))) << name;
    }
    EXPECT_TRUE(alone.x_fp.is_contiguous() && alone.x_q.is_contiguous()) << name;
  }
}

TEST(UnitCachesTest, TheWayFromUnitToUnitIsThatFromTheImages) {
  torch::manual_seed(1);
  const torch::NoGradGuard no_grad;
  const Teacher resnet = RandomTeacher("resnet20_cifar_a", 32);
  for (const auto placement : {ActPlacement::kOpInput, ActPlacement::kOpOutput}) {
    for (const char* rule : {"blocks", "layers"}) {
      const Case of(resnet, {.act_placement = placement}, rule, torch::randn({3, 3, 32, 32}));
      ExpectOneWay(of, {.quantize_activations = true});
      ExpectOneWay(of, {.quantize_activations = false});
      ExpectOneWay(of, {.fp_inputs = true});
      const Case tiny(TinyTeacher(), {.act_placement = placement}, rule,
                      torch::randn({70, 3, 8, 8}));
      ExpectOneWay(tiny, {.quantize_activations = true});
    }
  }
}

// A shortcut that reads the raw tensor, or its own quantizer's, while the unit reads another.
TEST(UnitCachesTest, ShortcutsApartSeeTheirOwnTensors) {
  torch::manual_seed(3);
  const torch::NoGradGuard no_grad;
  for (const auto placement :
       {ActPlacement::kRelu, ActPlacement::kOpOutput, ActPlacement::kOpInput}) {
    for (const bool own : {false, true}) {
      const Protocol protocol = {.act_placement = placement,
                                 .identity_fp = !own,
                                 .option_a_fp = !own,
                                 .own_shortcuts = own};
      const Case skip(SkipTeacher(), protocol, "layers", torch::randn({6, 3, 8, 8}));
      ExpectOneWay(skip, {.quantize_activations = true});
      const Case resnet(RandomTeacher("resnet20_cifar_a", 32), protocol, "layers",
                        torch::randn({2, 3, 32, 32}));
      ExpectOneWay(resnet, {.quantize_activations = true});
    }
  }
}

TEST(UnitCachesTest, ThePassesDoNotBeginAtTheImages) {
  torch::manual_seed(2);
  const Teacher resnet = RandomTeacher("resnet20_cifar_a", 32);
  const Case of(resnet, {.act_placement = ActPlacement::kOpInput}, "blocks",
                torch::randn({2, 3, 32, 32}));
  int batches = 0;
  UnitCacher cacher = of.Cacher(&batches);
  for (size_t unit = 0; unit < of.units.size(); ++unit) {
    batches = 0;
    cacher.Of({.quantize_activations = true}, unit);
    // To the output in the teacher and to the input in the student. The teacher was at the input
    // already, where units adjoin.
    const bool adjoins = unit > 0 && of.units[unit].input == of.units[unit - 1].output;
    EXPECT_EQ(batches, unit == 0 || adjoins ? 2 : 3) << unit;
  }
  Way way(of.teacher, of.images);
  const Value middle = of.units[5].input;
  way.Reach({middle, torch::zeros({2, 3}), at::MemoryFormat::Contiguous}, {});
  EXPECT_EQ(way.Before(of.units[7].input).value, middle);
  EXPECT_EQ(way.Before(of.units[2].input).value, (Value{0, 0}));
}

// With layers as units, a block's input serves its second convolution and the block behind it.
TEST(UnitCachesTest, PlacesStayWhileUnitsAheadNeedThem) {
  const Graph graph = SkipTeacher().graph;  // conv2's output depends on relu1, and so does the sum
  const auto at = [&](const char* name) { return Value{graph.Find(name), 0}; };
  const std::vector<Unit> ahead = {{"fc", at("relu2"), graph.output, {}}};
  Way way(graph, torch::randn({1, 3, 8, 8}));
  const auto place = [&](const char* name) {
    return Place{at(name), torch::zeros({1}), at::MemoryFormat::Contiguous};
  };
  way.Reach(place("relu1"), ahead);
  way.Reach(place("conv2"), ahead);
  EXPECT_EQ(way.Before(at("relu2")).value, at("relu1"));
  way.Reach(place("relu2"), ahead);
  EXPECT_EQ(way.Before(at("relu2")).value, at("relu2"));
  EXPECT_EQ(way.Before(at("conv2")).value, (Value{0, 0}));  // relu1 is forgotten
}

}  // namespace
}  // namespace zerosweep
