package handlebars

import (
	"os"
	"testing"
)

func BenchmarkParseJSON(b *testing.B) {
	for _, name := range []string{"sms", "email", "transcript"} {
		text, err := os.ReadFile("../../bench/render/testdata/" + name + ".json")
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseJSON(text); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("Decoder/"+name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			var d Decoder
			for b.Loop() {
				if _, err := d.Decode(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, name := range []string{"sms", "email", "transcript"} {
		text, err := os.ReadFile("../../bench/render/testdata/" + name + ".json")
		if err != nil {
			b.Fatal(err)
		}
		source, err := os.ReadFile("../../bench/render/testdata/" + name + ".hbs")
		if err != nil {
			b.Fatal(err)
		}
		env, err := New(Options{})
		if err != nil {
			b.Fatal(err)
		}
		t, err := env.Compile(name, string(source))
		if err != nil {
			b.Fatal(err)
		}
		data, err := ParseJSON(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var out []byte
			x := &Exec{Context: data}
			for b.Loop() {
				if out, err = t.Append(b.Context(), out[:0], x); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(out)))
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, name := range []string{"sms", "email", "transcript"} {
		source, err := os.ReadFile("../../bench/render/testdata/" + name + ".hbs")
		if err != nil {
			b.Fatal(err)
		}
		env, err := New(Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(source)))
			for b.Loop() {
				if _, err := env.Compile(name, string(source)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
