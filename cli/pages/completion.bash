# Completion of zerosweep for bash: source <(zerosweep completion bash)
_zerosweep() {
  local word paths=
  local current=${COMP_WORDS[COMP_CWORD]}
  [[ $current == = ]] && current=
  COMPREPLY=()
  while IFS=$'\t' read -r word _; do
    case $word in
      :*) paths=${word#:} ;;
      *) COMPREPLY+=("$word") ;;
    esac
  done < <("${COMP_WORDS[0]/#\~/$HOME}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null)
  [[ -n $paths ]] || return 0
  compopt -o filenames
  local option=-f
  [[ $paths == folders ]] && option=-d
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$option" -- "$current")
}
complete -F _zerosweep zerosweep
