#include "engine/import/torch_save.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <zlib.h>

#include <fstream>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "engine/import/state.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

std::string Little(uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  return bytes;
}

std::string Zip(const Entries& entries, int method = 0) {
  std::string file, directory;
  for (const auto& [name, content] : entries) {
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(content.data()),
                           static_cast<unsigned>(content.size()));
    const std::string common = Little(0, 2) + Little(static_cast<uint64_t>(method), 2) +
                               Little(0, 4) + Little(crc, 4) + Little(content.size(), 4) +
                               Little(content.size(), 4) + Little(name.size(), 2);
    directory += "PK\1\2" + Little(0, 2) + Little(0, 2) + common + Little(0, 12) +
                 Little(file.size(), 4) + name;
    file += "PK\3\4" + Little(0, 2) + common + Little(0, 2) + name + content;
  }
  const std::string end = "PK\5\6" + Little(0, 4) + Little(entries.size(), 2) +
                          Little(entries.size(), 2) + Little(directory.size(), 4) +
                          Little(file.size(), 4) + Little(0, 2);
  return file + directory + end;
}

// --- pickle words ---

std::string Int(int64_t value) { return "J" + Little(static_cast<uint64_t>(value), 4); }
std::string Text(const std::string& text) { return "X" + Little(text.size(), 4) + text; }
std::string Tuple(const std::vector<int64_t>& values) {
  std::string bytes = "(";
  for (const int64_t value : values) bytes += Int(value);
  return bytes + "t";
}

struct View {
  std::string type = "FloatStorage";
  std::string key = "0";
  int64_t count = 4, offset = 0;
  std::vector<int64_t> shape = {4}, strides = {1};
};

std::string Tensor(const View& view) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + Text("storage") + "ctorch\n" + view.type + "\n" +
         Text(view.key) + Text("cpu") + Int(view.count) + "tQ" + Int(view.offset) +
         Tuple(view.shape) + Tuple(view.strides) + "\x89" + "ccollections\nOrderedDict\n)RtR";
}

std::string Dict(const std::string& items) { return "}(" + items + "u"; }
std::string Program(const std::string& body) { return "\x80\x02" + body + "."; }

const std::string kOneTwoThreeFour("\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40", 16);

std::string Archive(const std::string& pickle, const std::string& data = kOneTwoThreeFour) {
  return Zip({{"net/data.pkl", pickle}, {"net/byteorder", "little"}, {"net/data/0", data}});
}

std::map<std::string, torch::Tensor> Read(const std::string& bytes) {
  const TempFolder folder;
  std::ofstream(folder / "w.pt", std::ios::binary) << bytes;
  return ReadState(folder / "w.pt");
}

// The message of the kUsage error, without the file's name.
std::string PickleDefect(const std::string& bytes) {
  const TempFolder folder;
  std::ofstream(folder / "w.pt", std::ios::binary) << bytes;
  try {
    ReadState(folder / "w.pt");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    const std::string message = error.what(), name = (folder / "w.pt").string();
    EXPECT_TRUE(message.starts_with(name)) << message;
    return message.substr(name.size());
  }
  return "none";
}

std::string DefectOfView(const View& view) {
  return PickleDefect(Archive(Program(Dict(Text("w") + Tensor(view)))));
}

TEST(TorchSaveTest, ReadsTensorsAndViews) {
  const View transposed{.offset = 0, .shape = {2, 2}, .strides = {1, 2}};
  const View scalar{.offset = 2, .shape = {}, .strides = {}};
  const auto state = Read(Archive(Program(Dict(Text("all") + Tensor({}) + Text("t") +
                                               Tensor(transposed) + Text("s") + Tensor(scalar)))));
  ASSERT_EQ(state.size(), 3u);
  EXPECT_TRUE(torch::equal(state.at("all"), torch::tensor({1.f, 2.f, 3.f, 4.f})));
  EXPECT_TRUE(torch::equal(state.at("t"), torch::tensor({{1.f, 3.f}, {2.f, 4.f}})));
  EXPECT_TRUE(torch::equal(state.at("s"), torch::tensor(3.f)));
}

TEST(TorchSaveTest, ReadsOtherTypes) {
  const View longs{.type = "LongStorage", .count = 2, .shape = {2}};
  const auto state = Read(Archive(Program(Dict(Text("n") + Tensor(longs))),
                                  Little(7, 8) + Little(static_cast<uint64_t>(-9), 8)));
  EXPECT_TRUE(torch::equal(state.at("n"), torch::tensor({7, -9}, torch::kInt64)));
}

TEST(TorchSaveTest, NamesTensorsByTheKeysOnTheWay) {
  // An OrderedDict with attributes, as nn.Module.state_dict() makes it, beside numbers and lists.
  const std::string inner = "ccollections\nOrderedDict\n)R(" + Text("module.a") + Tensor({}) +
                            Text("module.b") + Tensor({}) + "u" + Dict(Text("_metadata") + "}") +
                            "b";
  const std::string rest = Text("epoch") + "K\x05" + Text("best") + "G" + std::string(8, '\x3f') +
                           Text("history") + "](K\x01" + "M\x02\x01" + "\x8a\x01\xff" + "e" +
                           Text("none") + "N";
  for (const char* key : {"state_dict", "model"}) {
    const auto state = Read(Archive(Program(Dict(rest + Text(key) + inner))));
    ASSERT_EQ(state.size(), 2u) << key;
    EXPECT_TRUE(
        torch::equal(state.at(std::string(key) + ".module.a"), torch::tensor({1.f, 2.f, 3.f, 4.f})))
        << key;
  }
}

TEST(TorchSaveTest, ReadsProtocol4WithItsMemo) {
  const auto short_text = [](const std::string& text) {
    return "\x8c" + Little(text.size(), 1) + text;
  };
  const auto global = [&](const char* module, const char* name) {
    return short_text(module) + short_text(name) + "\x93";
  };
  const std::string zero = std::string("K\0", 2), one = "K\x01\x85", four = "K\x04";
  const std::string tensor = global("torch._utils", "_rebuild_tensor_v2") + "((" +
                             short_text("storage") + global("torch", "FloatStorage") +
                             short_text("0") + short_text("cpu") + four + "tQ" + zero + four +
                             "\x85" + one + "\x89" + global("collections", "OrderedDict") + ")RtR";
  const std::string body =
      "}" + short_text("a") + tensor + "\x94s" + short_text("b") + std::string("h\0s", 3);
  const auto state = Read(Archive("\x80\x04\x95" + std::string(8, '\0') + body + "."));
  ASSERT_EQ(state.size(), 2u);
  EXPECT_TRUE(torch::equal(state.at("a"), state.at("b")));
}

TEST(TorchSaveTest, RunsNothing) {
  const TempFolder folder;
  const std::string owned = (folder / "owned").string();
  const std::string attack = "cos\nsystem\n(" + Text("touch " + owned) + "tR";
  EXPECT_EQ(PickleDefect(Archive(Program(attack))),
            " holds a 'os.system' without tensors: save model.state_dict()");
  // Beside tensors it is passed over.
  const std::string nested = "c__builtin__\neval\n(" + Text("1") + "tR";
  const auto state = Read(
      Archive(Program(Dict(Text("w") + Tensor({}) + Text("x") + nested + Text("y") + attack))));
  EXPECT_EQ(state.size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(owned));
  // A known name with arguments of the wrong kind, and the opcodes INST and OBJ.
  EXPECT_NE(PickleDefect(Archive(Program("ctorch._utils\n_rebuild_tensor_v2\n)R")))
                .find("in an unknown way"),
            std::string::npos);
  EXPECT_NE(PickleDefect(Archive(Program("(ios\nsystem\n")))
                .find("protocol 0 or 1 of pickle (opcode 0x69)"),
            std::string::npos);
  EXPECT_NE(PickleDefect(Archive(Program("(cos\nsystem\no"))).find("opcode 0x6f"),
            std::string::npos);
}

TEST(TorchSaveTest, CirclesAndCrowdsEnd) {
  // A dictionary that holds itself, as an item and as the attributes of an object.
  EXPECT_NE(PickleDefect(Archive(Program("}q\x01" + Text("w") + "h\x01s"))).find("in 8 levels"),
            std::string::npos);
  EXPECT_NE(PickleDefect(Archive(Program("ca\nb\n)\x81q\x01h\x01"
                                         "b")))
                .find("in 8 levels"),
            std::string::npos);
  EXPECT_NE(PickleDefect(Archive(Program("}q\x01" + Text("_modules") + "h\x01s"))).find("levels"),
            std::string::npos);
  // Each level names the one below ten times: 10^9 ways.
  std::string levels = "}" + Text("w") + "K\x01sq" + std::string(1, '\0');
  for (char level = 1; level < 9; ++level) {
    levels += "}(";
    for (int i = 0; i < 10; ++i)
      levels += Text(std::to_string(i)) + "h" + std::string(1, level - 1);
    levels += "uq" + std::string(1, level);
  }
  EXPECT_NE(PickleDefect(Archive(Program(levels))).find("more tensors than"), std::string::npos);
  // One byte makes an object: a small file must not fill the memory.
  EXPECT_NE(PickleDefect(Archive(Program(std::string(4 << 20, '}')))).find("more objects than"),
            std::string::npos);
}

TEST(TorchSaveTest, ViewsMustLieInsideTheirStorage) {
  EXPECT_EQ(DefectOfView({}), "none");
  EXPECT_EQ(DefectOfView({.shape = {0}}), "none");
  const std::string outside = " is corrupt: 'w' reaches outside its storage";
  EXPECT_EQ(DefectOfView({.offset = 1}), outside);
  EXPECT_EQ(DefectOfView({.offset = -1, .shape = {2}}), outside);
  EXPECT_EQ(DefectOfView({.shape = {2}, .strides = {4}}), outside);
  EXPECT_EQ(DefectOfView({.shape = {2}, .strides = {-1}}), outside);
  EXPECT_EQ(DefectOfView({.shape = {5}, .strides = {0}}), "none");  // torch.Tensor.expand
  EXPECT_EQ(DefectOfView({.shape = {int64_t{1} << 30}, .strides = {0}}),
            " holds tensors of more numbers than a checkpoint of its size has: save "
            "model.state_dict() alone");
  EXPECT_EQ(DefectOfView({.shape = {2, 2}, .strides = {1}}), outside);
  EXPECT_EQ(DefectOfView({.shape = {-1}}), " is corrupt: 'w' claims an impossible shape");
  EXPECT_EQ(DefectOfView({.count = 5}),
            " is corrupt: the storage of 'w' has 16 bytes instead of 5 × 4");
  EXPECT_EQ(DefectOfView({.key = "1"}), " is corrupt: the storage of 'w' is missing");
}

TEST(TorchSaveTest, DamagedArchivesAreNamed) {
  const std::string good = Archive(Program(Dict(Text("w") + Tensor({}))));
  EXPECT_EQ(PickleDefect(good), "none");
  for (size_t length = 4; length < good.size(); ++length) {
    EXPECT_NE(PickleDefect(good.substr(0, length)).find("truncated"), std::string::npos) << length;
  }
  std::string flipped = good;
  flipped[flipped.find("\x80\x3f") + 1] = '\x40';
  EXPECT_NE(PickleDefect(flipped).find("the checksum of entry 'net/data/0' does not match"),
            std::string::npos);
  EXPECT_NE(PickleDefect(Zip({{"a", ""}, {"a", ""}})).find("entry 'a' is there twice"),
            std::string::npos);
  EXPECT_NE(PickleDefect(Zip({{"a", "x"}}, 8)).find("entry 'a' cannot be inflated"),
            std::string::npos);
  EXPECT_NE(PickleDefect(Zip({{"a", "x"}}, 12)).find("entry 'a' is compressed by method 12"),
            std::string::npos);
  EXPECT_EQ(PickleDefect(Zip({{"a", "x"}})),
            " is a zip archive, but no torch.save file: it has no data.pkl");
  EXPECT_NE(
      PickleDefect(Zip({{"n/data.pkl", Program("}")}, {"n/byteorder", "big"}})).find("big-endian"),
      std::string::npos);
}

TEST(TorchSaveTest, DamagedPicklesAreNamed) {
  const std::string good = Program(Dict(Text("w") + Tensor({})));
  for (size_t length = 0; length < good.size(); ++length) {
    const std::string defect = PickleDefect(Archive(good.substr(0, length)));
    EXPECT_NE(defect, "none") << length;
    EXPECT_NE(defect.find("truncated"), std::string::npos) << length << defect;
  }
  for (const char* body : {"t", "s", "h\x07", "NQ", "N\x93", "](K\x01u"}) {
    EXPECT_NE(PickleDefect(Archive(Program(body))).find("its pickle is damaged"), std::string::npos)
        << body;
  }
}

TEST(TorchSaveTest, WhatIsNoStateDictIsRefused) {
  EXPECT_EQ(PickleDefect(Archive(Program("K\x01"))),
            " holds no dictionary: save model.state_dict()");
  for (const std::string& item : {Text("epoch") + "K\x01", std::string("K\x01K\x01")}) {
    EXPECT_EQ(PickleDefect(Archive(Program(Dict(item)))),
              " holds a dictionary without tensors: save model.state_dict()");
  }
}

}  // namespace
}  // namespace zerosweep
