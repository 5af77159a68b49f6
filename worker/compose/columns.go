package compose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/strictjson"
	"github.com/heraldsend/herald/worker/task"
)

// UnusedColumn is a column of an audience that no template prints.
type UnusedColumn struct {
	Column string `json:"column"`          // a field path
	Meant  string `json:"meant,omitempty"` // a field of a similar name that a template prints and no column gives
}

func (u UnusedColumn) String() string {
	if u.Meant == "" {
		return fmt.Sprintf("no template uses the column %q", u.Column)
	}
	return fmt.Sprintf("no template uses the column %q; did you mean %q?", u.Column, u.Meant)
}

// UnusedColumns finds the columns of an audience that none of these contents uses. The errors are those of BundleOf.
func UnusedColumns(c *catalog.Catalog, contents []task.Content, columns []string) ([]UnusedColumn, error) {
	var used []string
	for _, content := range contents {
		b, err := BundleOf(c, content)
		if err != nil {
			return nil, err
		}
		fields, err := c.FieldsOf(b)
		if err != nil {
			return nil, err
		}
		used = append(used, fields...)
	}
	var missing []string
	for _, field := range used {
		if strings.Contains(field, ".") && !slices.Contains(columns, field) {
			missing = append(missing, field)
		}
	}
	var out []UnusedColumn
	for _, column := range columns {
		if !isOwn(column) && !slices.ContainsFunc(used, func(field string) bool { return reaches(field, column) }) {
			out = append(out, UnusedColumn{column, strictjson.Nearest(column, missing)})
		}
	}
	return out, nil
}

// isOwn reports whether a field is used although no template prints it: an address, or an id that events contain.
func isOwn(field string) bool {
	return field == "customer.id" || field == "conversation.id" || slices.ContainsFunc(message.Channels, func(c message.Channel) bool {
		return message.AddressField(c.Address()) == field
	})
}

// reaches reports whether a template that names a field may print a column. It may name the column, an object around
// it, or its last part, as within {{#with customer}}.
func reaches(field, column string) bool {
	return field == column || strings.HasPrefix(column, field+".") || strings.HasSuffix(column, "."+field)
}
