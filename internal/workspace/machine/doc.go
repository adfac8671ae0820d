// Package machine is what runs inside a simulated server: a disk with files, packages and services, a firewall, and
// a shell to look at them and to change them.
//
// Scripts are read by a real shell parser and run by a real interpreter, but whatever they call is simulated: the
// commands are functions of this package over the simulated disk, and a word that none of them bears ends with 127
// as on any server. Nothing of the computer that the simulation runs on is ever read, written or started by a
// script, and a script that goes on for ever, or prints for ever, is stopped.
//
// It knows neither the simulated cloud nor anything of ours.
package machine
