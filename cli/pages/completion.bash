# Completion of zerosweep for bash: source <(zerosweep completion bash)
_zerosweep() {
  local word paths=
  local -a words=("${COMP_WORDS[@]:0:COMP_CWORD + 1}")
  words=("${words[@]//[\\\"\']/}")  # as they are meant, without quotes
  local program=${words[0]/#\~/$HOME} current=${words[COMP_CWORD]}
  [[ $current == = ]] && current=
  COMPREPLY=()
  while IFS=$'\t' read -r word _; do
    case $word in
      :*) paths=${word#:} ;;
      *) COMPREPLY+=("$word") ;;
    esac
  done < <("$program" complete -- "${words[@]:1}" 2> /dev/null)
  [[ -n $paths ]] || return 0
  compopt -o filenames
  local option=-f
  [[ $paths == folders ]] && option=-d
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$option" -- "$current")
}
complete -F _zerosweep zerosweep
