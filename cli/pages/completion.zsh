#compdef zerosweep
# Completion of zerosweep for zsh: source <(zerosweep completion zsh), after compinit;
# or as the file _zerosweep in a folder of $fpath.
_zerosweep() {
  local word meaning paths
  local -a candidates
  while IFS=$'\t' read -r word meaning; do
    if [[ $word == :* ]]; then
      paths=${word#:}
    else
      candidates+=("${word//:/\\:}${meaning:+:$meaning}")
    fi
  done < <("${${(Q)words[1]}/#\~/$HOME}" complete -- "${(@Q)words[2,CURRENT]}" 2> /dev/null)
  (( $#candidates )) && _describe -t zerosweep zerosweep candidates
  [[ -n $paths && $PREFIX == --*=* ]] && compset -P '*='
  case $paths in
    files) _files ;;
    folders) _files -/ ;;
  esac
}
if [[ $funcstack[1] == _zerosweep ]]; then
  _zerosweep "$@"
else
  compdef _zerosweep zerosweep
fi
