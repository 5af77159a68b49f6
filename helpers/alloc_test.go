//go:build !race

package helpers_test

import (
	"fmt"
	"testing"

	"github.com/heraldsend/herald/render/handlebars"
)

// TestDateFormatAllocations is left out under the race detector, which makes sync.Pool forget at random.
func TestDateFormatAllocations(t *testing.T) {
	env := environment(t)
	for _, locale := range []string{"en", "de", "ru", "ar"} {
		for _, format := range []string{"LL", "LL z", "LLLL", "dddd, Do MMMM YYYY HH:mm:ss.SSS Z w W N y"} {
			template, err := env.Compile("test", fmt.Sprintf(`{{dateFormat at format=%q}}`, format))
			if err != nil {
				t.Fatal(err)
			}
			x := &handlebars.Exec{
				Context: handlebars.Object(handlebars.Member{Key: "at", Value: handlebars.String("2019-01-18T00:00:00.000Z")}),
				Locale:  locale, Timezone: "America/Los_Angeles",
			}
			buf := make([]byte, 0, 1024)
			allocs := testing.AllocsPerRun(100, func() {
				if _, err := template.Append(t.Context(), buf, x); err != nil {
					t.Fatal(err)
				}
			})
			if allocs != 0 {
				t.Errorf("%s %s: %.1f allocations", locale, format, allocs)
			}
		}
	}
}

// TestNumberAllocations holds that printing numbers makes no garbage, where nothing is rounded up or filled with zeros.
func TestNumberAllocations(t *testing.T) {
	env := environment(t)
	for _, text := range []string{`{{number n}}`, `{{currency n "EUR"}}`, `{{plural n one="# day" other="# days"}}`} {
		template, err := env.Compile("test", text)
		if err != nil {
			t.Fatal(err)
		}
		for _, locale := range []string{"", "de-DE", "ar_EG"} {
			x := &handlebars.Exec{Context: handlebars.Object(handlebars.Member{Key: "n", Value: handlebars.String("-1234567.25")}), Locale: locale}
			buf := make([]byte, 0, 1024)
			allocs := testing.AllocsPerRun(100, func() {
				if _, err := template.Append(t.Context(), buf, x); err != nil {
					t.Fatal(err)
				}
			})
			if allocs != 0 {
				t.Errorf("%s in %q: %.1f allocations", text, locale, allocs)
			}
		}
	}
}
