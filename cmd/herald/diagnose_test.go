package main

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever is secret in the settings is in no file of a bundle, nor in what is printed.
func TestDiagnoseHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	const canary = "c4naryZq8xK3vN9pL2mW7"
	dir := t.TempDir()
	out := filepath.Join(dir, "d.zip")
	env := map[string]string{
		"HERALD_REDIS_URL": "redis://user:" + canary + "@127.0.0.1:1/0", "HERALD_SMTP_URL": "smtp://desk:" + canary + "@127.0.0.1:1",
		"HERALD_SMS_URL": "twilio://AC1:" + canary + "@127.0.0.1:1?from=+15550100", "HERALD_CHAT_URL": "https://u:" + canary + "@127.0.0.1/?k=" + canary,
		"HERALD_EVENTS_URL": "https://127.0.0.1/" + canary, "HERALD_WEBHOOK_SECRETS": "whsec_" + canary, "HERALD_API_TOKENS": canary,
		"HERALD_LINK_SECRET": canary, "HERALD_LOCALE": "fr-ca",
	}
	var stdout, stderr bytes.Buffer
	run(context.Background(), []string{"diagnose", "--out", out}, func(name string) string { return env[name] }, stdio{nil, &stdout, &stderr})
	z, err := zip.OpenReader(out)
	if err != nil {
		t.Fatalf("%v: %s%s", err, stdout.String(), stderr.String())
	}
	defer z.Close()
	files := map[string]string{"stdout": stdout.String(), "stderr": stderr.String()}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(data)
	}
	for name, text := range files {
		if strings.Contains(text, canary) {
			t.Errorf("%s holds a secret:\n%s", name, text)
		}
	}
	for name, piece := range map[string]string{"settings.json": `"HERALD_LOCALE": "fr-ca"`, "version.json": `"version"`, "doctor.json": `"redis"`, "unreached.json": "doctor.json"} {
		if !strings.Contains(files[name], piece) {
			t.Errorf("%s lacks %s:\n%s", name, piece, files[name])
		}
	}
	if !strings.Contains(files["settings.json"], `"HERALD_REDIS_URL": "set"`) {
		t.Error(files["settings.json"])
	}
}
