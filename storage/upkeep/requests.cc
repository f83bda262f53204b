#include "storage/upkeep/requests.h"

#include <map>

#include "base/error.h"
#include "base/files.h"
#include "storage/bundles/bundle.h"
#include "storage/upkeep/garbage.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

constexpr double kPollSeconds = 0.2;

fs::path RequestPath(const Home& home, const std::string& id) {
  return home.requests() / (id + ".json");
}

fs::path ReplyPath(const Home& home, const std::string& id) {
  return home.requests() / (id + ".reply.json");
}

Json Refusal(const std::string& message) { return {{"ok", false}, {"error", message}}; }

Json Success(Json counts) {
  counts["ok"] = true;
  return counts;
}

}  // namespace

std::string DropRequest(const Home& home, const Json& body) {
  MakePrivateFolder(home.requests());
  const std::string id = NewUuid();
  WriteFileAtomically(RequestPath(home, id), body.dump() + "\n");
  return id;
}

std::vector<Request> PollRequests(const Home& home) {
  std::map<std::pair<fs::file_time_type, std::string>, Request> found;  // by time and id
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(home.requests(), code)) {
    const fs::path& path = entry.path();
    if (path.extension() != ".json" || path.stem().extension() == ".reply") continue;
    Request request{path.stem(), Json()};
    if (fs::exists(ReplyPath(home, request.id), code))
      continue;  // answered, but its removal was interrupted
    try {
      request.body = ParseJson(ReadFile(path), path.string());
      if (!request.body.is_object()) {
        Fail(ErrorKind::kUsage, "{}: a request is a JSON object", path.string());
      }
      found[{entry.last_write_time(code), request.id}] = request;
    } catch (const Error& error) {
      if (fs::exists(path, code)) WriteReply(home, request.id, Refusal(error.what()));
    }
  }
  std::vector<Request> requests;
  for (auto& [key, request] : found) requests.push_back(std::move(request));
  return requests;
}

void WriteReply(const Home& home, const std::string& id, const Json& reply) {
  WriteFileAtomically(ReplyPath(home, id), reply.dump() + "\n");
  std::error_code code;
  fs::remove(RequestPath(home, id), code);
}

std::optional<Json> WaitForReply(const Home& home, const std::string& id, const Clock& clock,
                                 double timeout) {
  const fs::path path = ReplyPath(home, id);
  const double start = clock.Monotonic();
  std::error_code code;
  while (!fs::exists(path, code)) {
    if (clock.Monotonic() - start >= timeout) return std::nullopt;
    clock.Sleep(kPollSeconds);
  }
  Json reply = ParseJson(ReadFile(path), path.string());
  fs::remove(path, code);
  return reply;
}

void WithdrawRequest(const Home& home, const std::string& id) {
  std::error_code code;
  fs::remove(RequestPath(home, id), code);
}

Json ExecuteRequest(const Home& home, ResultsWriter& writer, const Json& body) {
  try {
    const std::string command = body.value("command", "");
    if (command == "retry") {
      const auto stages = body.at("stages").get<std::vector<std::string>>();
      const auto trials = body.value("trials", std::vector<std::string>());
      return Success({{"stages", writer.Retry(stages, trials)}});
    }
    if (command == "cancel") {
      const auto trials = body.at("trials").get<std::vector<std::string>>();
      return Success({{"trials", writer.Cancel(trials)}});
    }
    if (command == "import")
      return Success(ImportBundle(home, writer, body.at("bundle").get<std::string>()));
    if (command == "gc")
      return Success(
          CollectGarbage(home, writer.OpenAttempts(), body.value("min_age", kGarbageMinAge)));
    return Refusal(fmt::format("unknown request '{}'", command));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kCluster) throw;  // fenced: this process must stop
    return Refusal(error.what());
  } catch (const nlohmann::json::exception& error) {
    return Refusal(fmt::format("malformed request: {}", error.what()));
  }
}

}  // namespace zerosweep
