package content

import (
	"fmt"
	"strings"

	"github.com/heraldsend/herald/render/handlebars"
)

// maxTangle bounds the work on Markdown whose marks have no partners: it grows with the square of their number in a
// paragraph, of brackets faster than of others. 7,000 brackets or 14,000 others in one paragraph reach it.
const maxTangle = 100_000_000

// maxDepth bounds quotations and lists within each other in one line.
const maxDepth = 100

// checkTangle refuses Markdown that would take very long to read.
func checkTangle(markdown string) error {
	work, marks := 0, 0
	for line := range strings.Lines(markdown) {
		if strings.TrimSpace(line) == "" {
			marks = 0
			continue
		}
		if depthOf(line) > maxDepth {
			return &handlebars.Error{Code: handlebars.CodeLimitNesting, Message: fmt.Sprintf("quotations and lists nested more than %d deep in a line of Markdown", maxDepth)}
		}
		for i := range len(line) {
			switch line[i] {
			case '[':
				marks++
				work += 4 * marks
			case '*', '_', '~', '`', '<':
				marks++
				work += marks
			}
		}
		if work > maxTangle {
			return &handlebars.Error{Code: handlebars.CodeLimitSteps, Message: "a paragraph of Markdown has too many of the marks [ * _ ~ ` <"}
		}
	}
	return nil
}

// depthOf counts the marks of quotations and lists at the beginning of a line.
func depthOf(line string) int {
	depth := 0
	for line != "" {
		switch {
		case line[0] == ' ' || line[0] == '\t':
			line = line[1:]
		case line[0] == '>', strings.IndexByte("-*+", line[0]) >= 0 && len(line) > 1 && line[1] == ' ':
			depth++
			line = line[1:]
		default:
			n := len(line) - len(strings.TrimLeft(line, "0123456789"))
			if n == 0 || n > 9 || n+1 >= len(line) || line[n] != '.' && line[n] != ')' || line[n+1] != ' ' {
				return depth
			}
			depth++
			line = line[n+1:]
		}
	}
	return depth
}
