// Debian's Chromium without a window, controlled over two pipes (the DevTools protocol): no port,
// no driver.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/process/spawn.h"

namespace zerosweep {

class Browser {
 public:
  static constexpr const char* kProgram = "/usr/bin/chromium";
  static bool IsThere() { return access(kProgram, X_OK) == 0; }

  // `profile`: a folder of its own.
  explicit Browser(const std::filesystem::path& profile) {
    int to_browser[2], from_browser[2];
    if (pipe2(to_browser, O_CLOEXEC) != 0 || pipe2(from_browser, O_CLOEXEC) != 0)
      throw std::runtime_error("no pipe");
    SpawnOptions options;
    options.words = {kProgram,
                     "--headless",
                     "--no-sandbox",
                     "--disable-gpu",
                     "--no-first-run",
                     "--remote-debugging-pipe",
                     "--user-data-dir=" + profile.string()};
    // Chromium logs complaints about the missing desktop.
    const int log = open((profile.string() + ".log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    options.descriptors = {{log, 1}, {log, 2}, {to_browser[0], 3}, {from_browser[1], 4}};
    process_ = Spawn(options);
    close(log);
    close(to_browser[0]);
    close(from_browser[1]);
    in_ = from_browser[0];
    out_ = to_browser[1];
    const std::string target = Call("Target.createTarget", {{"url", "about:blank"}}).at("targetId");
    session_ =
        Call("Target.attachToTarget", {{"targetId", target}, {"flatten", true}}).at("sessionId");
    for (const char* domain : {"Runtime", "Log", "Page"}) Call(domain + std::string(".enable"));
  }
  ~Browser() {
    kill(-process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    close(in_);
    close(out_);
  }
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  // Loads a file into a window of this size (pixels of CSS).
  void Open(const std::filesystem::path& page, int width, int height, bool dark = false) {
    Call("Emulation.setDeviceMetricsOverride",
         {{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", width < 600}});
    Call("Emulation.setEmulatedMedia",
         {{"features", {{{"name", "prefers-color-scheme"}, {"value", dark ? "dark" : "light"}}}}});
    loaded_ = false;
    Call("Page.navigate", {{"url", "file://" + page.string()}});
    while (!loaded_) Receive();
  }

  // The value of a JavaScript expression. Throws when the expression throws.
  Json Evaluate(const std::string& expression) {
    const Json answer =
        Call("Runtime.evaluate", {{"expression", expression}, {"returnByValue", true}});
    if (answer.contains("exceptionDetails"))
      throw std::runtime_error(answer.at("exceptionDetails").dump());
    return answer.at("result").value("value", Json());
  }

  // Messages on the console: errors, warnings, exceptions, violations of the page's policy.
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  Json Call(const std::string& method, const Json& params = Json::object()) {
    Json message = {{"id", ++last_id_}, {"method", method}, {"params", params}};
    if (!session_.empty()) message["sessionId"] = session_;
    const std::string text = message.dump() + '\0';
    if (write(out_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      throw std::runtime_error("the browser does not listen");
    while (true) {
      const Json answer = Receive();
      if (answer.value("id", 0) != last_id_) continue;
      if (answer.contains("error")) throw std::runtime_error(answer.at("error").dump());
      return answer.at("result");
    }
  }

  // The next message; records events on the way.
  Json Receive() {
    constexpr int kPatience = 60'000;  // ms
    while (true) {
      if (const size_t end = received_.find('\0'); end != std::string::npos) {
        const Json message = Json::parse(received_.substr(0, end));
        received_.erase(0, end + 1);
        const std::string event = message.value("method", "");
        if (event == "Page.loadEventFired") loaded_ = true;
        if (event == "Runtime.exceptionThrown" || event == "Runtime.consoleAPICalled" ||
            event == "Log.entryAdded")
          complaints_.push_back(message.at("params").dump());
        return message;
      }
      pollfd ready = {in_, POLLIN, 0};
      if (poll(&ready, 1, kPatience) <= 0) throw std::runtime_error("the browser is silent");
      char buffer[65536];
      const ssize_t count = read(in_, buffer, sizeof buffer);
      if (count <= 0) throw std::runtime_error("the browser is gone");
      received_.append(buffer, static_cast<size_t>(count));
    }
  }

  pid_t process_ = 0;
  int in_ = -1, out_ = -1, last_id_ = 0;
  bool loaded_ = false;
  std::string session_, received_;
  std::vector<std::string> complaints_;
};

}  // namespace zerosweep
