#include "contract/image_list.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// Two million images with names of thirty characters.
constexpr uintmax_t kMostListBytes = 64'000'000;
constexpr int64_t kMostClasses = 10'000'000;
constexpr const char* kImagesFolder = "images";
const std::vector<std::string> kColumns = {"file", "class", "also_right"};

bool IsFolder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// Also for a link that leads nowhere: an error then says so.
bool IsThere(const fs::path& path) {
  std::error_code ignored;
  return fs::symlink_status(path, ignored).type() != fs::file_type::not_found;
}

struct CsvRow {
  size_t line = 0;  // of its start, from 1
  std::vector<std::string> fields;
};

// Reads CSV (RFC 4180) row by row, with either end of line.
class CsvReader {
 public:
  CsvReader(const fs::path& path, const std::string& text) : path_(path), text_(text) {
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;  // a byte order mark
  }

  // The next row that is not empty; nullopt at the end.
  std::optional<CsvRow> Next() {
    while (at_ < text_.size()) {
      CsvRow row = ReadRow();
      if (row.fields.size() > 1 || !row.fields.front().empty()) return row;
    }
    return std::nullopt;
  }

  template <typename... Args>
  [[noreturn]] void FailAt(size_t line, fmt::format_string<Args...> format, Args&&... args) const {
    Fail(ErrorKind::kUsage, "{}:{}: {}", path_.string(), line,
         fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  CsvRow ReadRow() {
    CsvRow row{line_, {}};
    do row.fields.push_back(ReadField());
    while (Take(','));
    if (!Take('\n') && at_ < text_.size()) FailAt(line_, "a field goes on after its closing quote");
    ++line_;
    return row;
  }

  std::string ReadField() {
    std::string field;
    if (Take('"')) {
      for (;;) {
        if (at_ == text_.size()) FailAt(line_, "a quote is never closed");
        const char c = text_[at_++];
        if (c == '"' && !Take('"')) break;
        if (static_cast<unsigned char>(c) < 0x20)
          FailAt(line_, "a field holds a control character");
        field += c;
      }
      if (at_ < text_.size() && text_[at_] == '\r') ++at_;
      return field;
    }
    while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n') {
      const char c = text_[at_++];
      if (c == '\r' && (at_ == text_.size() || text_[at_] == '\n')) break;
      if (c == '"') FailAt(line_, "a quote stands inside a field: quote the whole field");
      if (static_cast<unsigned char>(c) < 0x20) FailAt(line_, "a field holds a control character");
      field += c;
    }
    return field;
  }

  bool Take(char wanted) {
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  const fs::path& path_;
  const std::string& text_;
  size_t at_ = 0, line_ = 1;
};

// Builds a listing from the rows of a list.
class ListMaker {
 public:
  ListMaker(const fs::path& list, const fs::path& root, const std::string& text)
      : name_(list.filename()), reader_(list, text) {
    folder_.root = root;
    folder_.is_listed = true;
  }

  ImageFolder Make() {
    ReadHeader();
    while (const auto row = reader_.Next()) Add(*row);
    if (folder_.files.empty()) reader_.FailAt(1, "the list names no image");
    return std::move(folder_);
  }

 private:
  void ReadHeader() {
    const auto header = reader_.Next();
    if (!header) reader_.FailAt(1, "the list is empty: its first line is file,class,also_right");
    for (const std::string& column : header->fields) {
      if (std::find(kColumns.begin(), kColumns.end(), column) == kColumns.end()) {
        reader_.FailAt(header->line, "unknown column '{}'{}: the first line is {}",
                       ShownBytes(column), Suggestion(column, kColumns), Join(kColumns, ","));
      }
      if (!columns_.emplace(column, columns_.size()).second)
        reader_.FailAt(header->line, "the column '{}' is there twice", column);
    }
    if (!columns_.contains("file")) reader_.FailAt(header->line, "there is no column 'file'");
    if (columns_.contains("also_right") && !columns_.contains("class"))
      reader_.FailAt(header->line, "there is a column 'also_right' but no column 'class'");
  }

  void Add(const CsvRow& row) {
    if (row.fields.size() != columns_.size()) {
      reader_.FailAt(row.line, "{} fields, but the first line has {}", row.fields.size(),
                     columns_.size());
    }
    const std::string name = NameOf(row);
    const int64_t label =
        columns_.contains("class") ? ClassOf(row, Field(row, "class")) : ImageFolder::kNoLabel;
    if (columns_.contains("also_right")) AddAlsoRight(row, label);
    try {
      folder_.files.push_back(ImageFile(folder_.root, name, label));
    } catch (const Error& error) {
      reader_.FailAt(row.line, "{}", error.what());
    }
  }

  const std::string& Field(const CsvRow& row, const char* column) const {
    return row.fields[columns_.at(column)];
  }

  std::string NameOf(const CsvRow& row) {
    const std::string& written = Field(row, "file");
    if (written.empty()) reader_.FailAt(row.line, "there is no file name");
    if (!IsUtf8(written)) {
      reader_.FailAt(row.line, "the file name {} is not UTF-8 text: rename the file",
                     ShownBytes(written));
    }
    const fs::path name = fs::path(written).lexically_normal();
    if (name.is_absolute() || *name.begin() == "..") {
      reader_.FailAt(row.line, "{} is outside the folder {}", written, folder_.root.string());
    }
    if (!names_.insert(name.native()).second)
      reader_.FailAt(row.line, "{} is in the list twice", written);
    return name;
  }

  int64_t ClassOf(const CsvRow& row, const std::string& word) {
    int64_t value = -1;
    const char* end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, value);
    if (word.empty()) {
      reader_.FailAt(row.line, "no class is given: give every image one, or leave the column out");
    }
    if (error != std::errc() || stop != end || value < 0 || value >= kMostClasses) {
      reader_.FailAt(row.line, "the class is '{}', must be the index of a class, from 0 on",
                     ShownBytes(word));
    }
    if (value > folder_.highest_class) {
      folder_.highest_class = value;
      folder_.highest_class_at = fmt::format("{}:{}", name_, row.line);
    }
    return value;
  }

  void AddAlsoRight(const CsvRow& row, int64_t label) {
    const std::string& words = Field(row, "also_right");
    for (size_t at = 0; at < words.size();) {
      const size_t end = std::min(words.find_first_of(" ;", at), words.size());
      if (end > at) {
        const int64_t other = ClassOf(row, words.substr(at, end - at));
        const std::pair entry(folder_.files.size(), other);
        if (other != label && (folder_.also_right.empty() || folder_.also_right.back() != entry))
          folder_.also_right.push_back(entry);
      }
      at = end + 1;
    }
  }

  std::string name_;
  CsvReader reader_;
  ImageFolder folder_;
  std::map<std::string, size_t> columns_;  // name → place
  std::unordered_set<std::string> names_;
};

// The folder from which test images are named.
fs::path ImagesRoot(const fs::path& data) {
  return IsFolder(data / kImagesFolder) ? data / kImagesFolder : data;
}

bool IsSameContent(const fs::path& a, const fs::path& b) { return ReadFile(a) == ReadFile(b); }

// A network must not be tested on the images that calibrated it. A copy under another name counts.
void RequireApart(const ImageFolder& calibration, const ImageFolder& test) {
  std::multimap<uint64_t, const ImageFolder::File*> tested;  // by size
  for (const ImageFolder::File& file : test.files) tested.emplace(file.bytes, &file);
  size_t shared = 0;
  std::string first;
  for (const ImageFolder::File& file : calibration.files) {
    const auto [begin, end] = tested.equal_range(file.bytes);
    const bool is_test = std::any_of(begin, end, [&](const auto& other) {
      const ImageFolder::File& of_test = *other.second;
      return (file.inode == of_test.inode && file.changed_ns == of_test.changed_ns) ||
             IsSameContent(calibration.root / file.name, test.root / of_test.name);
    });
    if (is_test && ++shared == 1) first = file.name;
  }
  if (shared == 0) return;
  Fail(ErrorKind::kUsage,
       "{} of the {} calibration images in {} are test images too, such as {}: a network is not "
       "tested on what calibrated it",
       shared, calibration.files.size(), calibration.root.string(), first);
}

}  // namespace

std::set<std::string> ListedSplits(const fs::path& data, const DatasetFacts& facts) {
  std::set<std::string> splits;
  for (const auto& [split, list] : facts.lists) {
    const bool in_folder = split == "test" ? IsFolder(data / kImagesFolder) || HoldsImages(data)
                                           : IsFolder(data / split);
    if (IsThere(data / list) || in_folder) splits.insert(split);
  }
  return splits;
}

ImageFolder ListImages(const fs::path& data, const DatasetFacts& facts, const std::string& split) {
  const auto list = facts.lists.find(split);
  if (list == facts.lists.end()) {
    std::vector<std::string> known;
    for (const auto& [name, file] : facts.lists) known.push_back(name);
    Fail(ErrorKind::kUsage, "lists of images have no {} images{}", split, Suggestion(split, known));
  }
  const fs::path file = data / list->second;
  const fs::path root = split != "test" && IsFolder(data / split) ? data / split : ImagesRoot(data);
  if (split == "test")
    return IsThere(file) ? ReadImageList(file, root) : ListUnlabelled(root, /*deep=*/root != data);
  if (!IsThere(file) && root != data / split)
    Fail(ErrorKind::kUsage, "{} has no {} images: neither {} nor {}/", data.string(), split,
         list->second, split);
  ImageFolder images =
      IsThere(file) ? ReadImageList(file, root) : ListUnlabelled(root, /*deep=*/true);
  RequireApart(images, ListImages(data, facts, "test"));
  return images;
}

ImageFolder ReadImageList(const fs::path& list, const fs::path& root) {
  std::error_code error;
  if (!IsFile(list)) Fail(ErrorKind::kUsage, "{} is not a file", list.string());
  const uintmax_t bytes = fs::file_size(list, error);
  if (error) Fail(ErrorKind::kUsage, "cannot read {}: {}", list.string(), error.message());
  if (bytes > kMostListBytes) {
    Fail(ErrorKind::kUsage, "{} is larger than a list of images may be ({})", list.string(),
         HumanBytes(static_cast<double>(kMostListBytes)));
  }
  const std::string text = ReadFile(list);
  return ListMaker(list, root, text).Make();
}

void RequireClassWithin(int64_t highest, const std::string& place, int64_t classes) {
  if (highest < classes) return;
  Fail(ErrorKind::kUsage, "{}: class {} is beyond the {} classes of the model (0 to {})", place,
       highest, classes, classes - 1);
}

}  // namespace zerosweep
