package content

import (
	"errors"
	"fmt"
	"strings"

	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/meter"
)

// tanglePerStep is how many comparisons of marks are one step. What looks for the partners of marks compares each with those
// before it in its paragraph, of brackets several times: 7,000 brackets or 14,000 others in one paragraph, none with a partner,
// take the steps of a content.
const tanglePerStep = 100

// maxDepth bounds quotations and lists within each other in one line.
const maxDepth = 100

// checkTangle charges for reading Markdown before it is read, and refuses what would take very long.
func checkTangle(m *meter.Meter, markdown string) error {
	if err := m.Bytes(markdownReads * len(markdown)); err != nil {
		return err
	}
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
		err := m.Charge(work / tanglePerStep)
		if work %= tanglePerStep; errors.Is(err, meter.ErrSpent) {
			return &handlebars.Error{Code: handlebars.CodeLimitSteps, Message: "a paragraph of Markdown has too many of the marks [ * _ ~ ` <"}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// CheckMarkdown charges for reading Markdown before it is read, and refuses what would take very long: a *handlebars.Error, or
// that of the meter's context.
func CheckMarkdown(m *meter.Meter, markdown string) error { return checkTangle(m, markdown) }

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
