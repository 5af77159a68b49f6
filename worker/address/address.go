// Package address says what an address is: how each kind of it is read, and in which form it travels.
package address
