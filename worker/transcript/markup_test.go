package transcript

import "testing"

func TestWithoutHidden(t *testing.T) {
	for in, want := range map[string]string{
		"<p>a</p>": "<p>a</p>",
		`<div style="display: none">x<div>y</div></div>b`: "b",
		`<p hidden>x</p>b`: "b",
		`<span style='mso-hide:all'>x</span>b<i hidden>y</i>c`:   "bc",
		`<p hidden>x<p>seen</p>`:                                 `<p hidden>x<p>seen</p>`,
		`<input type=hidden name=x>b`:                            `<input type=hidden name=x>b`,
		`</div><div style="visibility:hidden">x</div>hidden fee`: `</div>hidden fee`,
	} {
		if got := string(withoutHidden(in)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
