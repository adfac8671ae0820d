package main

import (
	"context"
	"io"

	"github.com/amiral-ops/amiral/internal/app"
)

// manifest prints what Slack needs to make the app.
func manifest(_ context.Context, args []string, out io.Writer) error {
	f := flags("manifest", "print the Slack app manifest; paste it where Slack makes an app from a manifest.")
	if err := f.Parse(args); err != nil {
		return ignoreHelp(err)
	}
	raw, err := app.Manifest()
	if err != nil {
		return err
	}
	_, err = out.Write(raw)
	return err
}
