package helpers

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/heraldsend/herald/helpers/moment"
)

func TestFormatCacheIsBounded(t *testing.T) {
	c := newFormatCache(10)
	en := moment.English()
	first, err := c.get(en, "LL")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		f, err := c.get(en, fmt.Sprintf("[%d]", i))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(f.Append(nil, 0, nil)); got != fmt.Sprint(i) {
			t.Fatalf("format %d prints %q", i, got)
		}
		again, err := c.get(en, "LL")
		if err != nil || again != first {
			t.Fatalf("what is in use was dropped after %d others: %v", i, err)
		}
	}
	if len(c.young) > 10 || len(c.old) > 10 {
		t.Errorf("keeps %d and %d formats", len(c.young), len(c.old))
	}
	if _, err := c.get(en, strings.Repeat("Y", 300)); err != nil {
		t.Error(err)
	}
	if _, err := c.get(en, strings.Repeat("Y", moment.MaxFormat+1)); !errors.Is(err, moment.ErrFormatTooLong) {
		t.Errorf("got %v", err)
	}
	for key := range c.young {
		if len(key.format) > c.keepBytes {
			t.Errorf("keeps a format of %d bytes", len(key.format))
		}
	}
}
