# Connects to HOST PORT, and waits: tclsh client.tcl HOST PORT
if {[catch {socket [lindex $argv 0] [lindex $argv 1]} text]} {
    puts $text
    exit 1
}
