# Connects to HOST PORT, and learns the outcome from an event: tclsh async.tcl HOST PORT
set channel [socket -async [lindex $argv 0] [lindex $argv 1]]
fileevent $channel writable {set done 1}
vwait done
puts [fconfigure $channel -error]
