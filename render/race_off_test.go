//go:build !race

package render

const raceFactor = 1
