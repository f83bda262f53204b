#include "reports/text/latex_text.h"

#include <fmt/format.h>

#include <map>
#include <string_view>

namespace zerosweep {
namespace {

constexpr char32_t kNoCharacter = 0xfffd;

// The character that begins at `at`, which moves past it; kNoCharacter for each byte that is not
// valid UTF-8.
char32_t NextCharacter(std::string_view text, size_t& at) {
  const auto byte = [&](size_t place) { return static_cast<unsigned char>(text[place]); };
  const unsigned char first = byte(at++);
  if (first < 0x80) return first;
  const size_t more = first >= 0xf0 && first < 0xf8   ? 3
                      : first >= 0xe0 && first < 0xf0 ? 2
                      : first >= 0xc2 && first < 0xe0 ? 1
                                                      : 0;
  if (more == 0 || at + more > text.size()) return kNoCharacter;
  char32_t character = first & (0x3fu >> more);
  for (size_t i = 0; i < more; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return kNoCharacter;
    character = character << 6 | (byte(at + i) & 0x3fu);
  }
  at += more;
  return character;
}

const std::map<char32_t, const char*> kAscii = {
    {'\\', "\\textbackslash{}"}, {'~', "\\textasciitilde{}"}, {'^', "\\textasciicircum{}"},
    {'<', "\\textless{}"},       {'>', "\\textgreater{}"},    {'|', "\\textbar{}"}};

// Characters that a command of mathematics shows: "$\pm$".
const std::map<char32_t, const char*> kMath = {
    {U'±', "pm"},      {U'×', "times"},     {U'÷', "div"},        {U'·', "cdot"},
    {U'µ', "mu"},      {U'←', "leftarrow"}, {U'→', "rightarrow"}, {U'≤', "leq"},
    {U'≥', "geq"},     {U'≈', "approx"},    {U'≠', "neq"},        {U'∞', "infty"},
    {U'√', "surd"},    {U'∑', "Sigma"},     {U'α', "alpha"},      {U'β', "beta"},
    {U'γ', "gamma"},   {U'δ', "delta"},     {U'ε', "varepsilon"}, {U'ζ', "zeta"},
    {U'η', "eta"},     {U'θ', "theta"},     {U'ι', "iota"},       {U'κ', "kappa"},
    {U'λ', "lambda"},  {U'μ', "mu"},        {U'ν', "nu"},         {U'ξ', "xi"},
    {U'π', "pi"},      {U'ρ', "rho"},       {U'σ', "sigma"},      {U'τ', "tau"},
    {U'υ', "upsilon"}, {U'φ', "varphi"},    {U'χ', "chi"},        {U'ψ', "psi"},
    {U'ω', "omega"},   {U'Γ', "Gamma"},     {U'Δ', "Delta"},      {U'Θ', "Theta"},
    {U'Λ', "Lambda"},  {U'Ξ', "Xi"},        {U'Π', "Pi"},         {U'Σ', "Sigma"},
    {U'Φ', "Phi"},     {U'Ψ', "Psi"},       {U'Ω', "Omega"}};

const std::map<char32_t, const char*> kSymbols = {
    {U'†', "\\dag{}"}, {U'°', "$^\\circ$"}, {U'²', "$^2$"}, {U'³', "$^3$"},      {U'§', "\\S{}"},
    {U'–', "--"},      {U'—', "---"},       {U'−', "$-$"},  {U'…', "\\ldots{}"}, {U'‘', "`"},
    {U'’', "'"},       {U'“', "``"},        {U'”', "''"},   {U'\u00a0', "~"}};

// Western European letters that pdfTeX composes from letters and accents of its own fonts.
bool IsComposed(char32_t character) {
  return character >= U'À' && character <= U'ÿ' &&
         std::u32string_view(U"ÐÞðþ").find(character) == std::u32string_view::npos;
}

std::string AsciiText(char32_t character) {
  if (character < 0x20 || character == 0x7f) return " ";
  if (const auto found = kAscii.find(character); found != kAscii.end()) return found->second;
  const char c = static_cast<char>(character);
  return std::string_view("&%$#_{}").find(c) == std::string_view::npos ? std::string(1, c)
                                                                       : std::string("\\") + c;
}

}  // namespace

std::string LatexText(const std::string& text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const char32_t character = NextCharacter(text, at);
    // After the \\ of a row, [ or * would be its argument; two hyphens would become a dash.
    if (begin == 0 && (character == '[' || character == '*')) out += "{}";
    if (begin > 0 && character == '-' && text[begin - 1] == '-') out += "{}";
    if (character < 0x80) {
      out += AsciiText(character);
    } else if (const auto found = kSymbols.find(character); found != kSymbols.end()) {
      out += found->second;
    } else if (const auto command = kMath.find(character); command != kMath.end()) {
      out += fmt::format("$\\{}$", command->second);
    } else if (IsComposed(character)) {
      out += text.substr(begin, at - begin);
    } else {
      out += fmt::format("[U+{:04X}]", static_cast<uint32_t>(character));
    }
  }
  return out;
}

}  // namespace zerosweep
