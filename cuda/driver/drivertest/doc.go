// Package drivertest says what an implementation of package driver must do. Run holds the contract of the interfaces and a
// table of instruction vectors: tiny PTX kernels with inputs and the outputs that the PTX manual asks for. The same table
// runs on the emulator and, where there is one, on a GPU, so that the emulator is held to what hardware does.
package drivertest
