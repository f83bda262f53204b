// A command on a terminal of a given width.
#pragma once

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

namespace zerosweep {

// The command's output to the terminal, stdout and stderr together, with line ends as "\n".
inline std::string OnATerminal(std::vector<std::string> words,
                               const std::map<std::string, std::string>& environment,
                               unsigned short columns) {
  std::vector<std::string> pairs;
  for (const auto& [name, value] : environment) pairs.push_back(name + "=" + value);
  std::vector<char*> argv, envp;
  for (std::string& word : words) argv.push_back(word.data());
  for (std::string& pair : pairs) envp.push_back(pair.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  const winsize size{50, columns, 0, 0};
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, &size);
  if (child == 0) {
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  std::string text;
  char buffer[4096];
  // At its end, the terminal returns an error, not an end of file.
  for (ssize_t n = 0; (n = read(terminal, buffer, sizeof buffer)) > 0;)
    for (ssize_t i = 0; i < n; ++i)
      if (buffer[i] != '\r') text += buffer[i];
  int status = 0;
  waitpid(child, &status, 0);
  close(terminal);
  EXPECT_EQ(status, 0) << text;
  return text;
}

}  // namespace zerosweep
