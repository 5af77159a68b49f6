package app

import (
	"cmp"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// A secret on the command line is refused; an address without a password is none.
func TestSecretsOnTheCommandLine(t *testing.T) {
	for name, c := range map[string]struct {
		flag, value string
		refused     bool
	}{
		"a password":      {"redis-url", "redis://:pw@127.0.0.1:6379", true},
		"no password":     {"redis-url", "redis://127.0.0.1:6379", false},
		"second account":  {"smtp-url", "smtp://a.example smtp://u:pw@b.example", true},
		"Twilio":          {"sms-url", "twilio://AC1:token@api.twilio.com", true},
		"a key":           {"link-secret", "x", true},
		"the hash":        {"api-tokens", "a:send:00", false},
		"another setting": {"listen", "127.0.0.1:1", false},
	} {
		for _, args := range [][]string{{"worker", "--" + c.flag, c.value}, {"--" + c.flag + "=" + c.value, "worker"}} {
			s := valid()
			for _, field := range secretFields() {
				if FlagName(field) == c.flag {
					reflect.ValueOf(&s).Elem().FieldByIndex(field.Index).SetString(c.value)
				}
			}
			err := s.CheckArgs(args)
			if (err != nil) != c.refused || err != nil && strings.Contains(err.Error(), c.value) {
				t.Errorf("%s: %v", name, err)
			}
		}
		s := valid()
		s.LinkSecret = "from the environment"
		if err := s.CheckArgs([]string{"worker"}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every secret setting can be read from a file, by one rule.
func TestSecretFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fields := secretFields()
	if len(fields) < 9 {
		t.Fatalf("%d secret settings", len(fields))
	}
	for _, field := range fields {
		setting := EnvName(FlagName(field))
		t.Run(setting, func(t *testing.T) {
			for name, c := range map[string]struct{ path, before, want, fault string }{
				"a line":     {file("line", "s3cret value\n"), "", "s3cret value", ""},
				"of Windows": {file("windows", "s3cret\r\n"), "", "s3cret", ""},
				"two lines":  {file("two", "a\nb\n\n"), "", "a\nb\n", ""},
				"empty":      {file("empty", ""), "", "", ""},
				"missing":    {filepath.Join(dir, "none"), "", "", "no such file"},
				"a folder":   {dir, "", "", "is a directory"},
				"too large":  {file("large", strings.Repeat("x", maxSecretFile+1)), "", "", "larger than"},
				"both":       {file("both", "s3cret"), "t0p", "t0p", "keep one"},
				"none":       {"", "t0p", "t0p", ""},
			} {
				s := valid()
				value := reflect.ValueOf(&s).Elem().FieldByName(field.Name)
				value.SetString(cmp.Or(c.before, field.Tag.Get("default")))
				s.ReadSecretFiles(func(name string) string {
					if name == setting+"_FILE" {
						return c.path
					}
					return ""
				})
				want := c.want
				if c.fault != "" && c.before == "" {
					want = field.Tag.Get("default")
				}
				if got := value.String(); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
				err := s.Check()
				told := err != nil && strings.Contains(err.Error(), setting+"_FILE: ") && strings.Contains(err.Error(), c.fault)
				if (c.fault != "") != told && !(c.fault == "" && err != nil && !strings.Contains(err.Error(), "_FILE")) {
					t.Errorf("%s: %v", name, err)
				}
				if err != nil && strings.Contains(err.Error(), "s3cret") && c.fault != "" {
					t.Errorf("%s: the fault shows the secret: %v", name, err)
				}
			}
		})
	}
}
