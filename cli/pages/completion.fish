# Completion of zerosweep for fish: zerosweep completion fish | source
function __zerosweep_complete
    set -l words (commandline -opc)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    set -e words[1]
    set -l current (commandline -ct)
    for line in ($program complete -- $words $current 2> /dev/null)
        switch $line
            case ':files'
                __fish_complete_path $current
            case ':folders'
                __fish_complete_directories $current
            case '*'
                echo $line
        end
    end
end
complete -c zerosweep -f -a '(__zerosweep_complete)'
