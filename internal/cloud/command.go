package cloud

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

const (
	shellDocument   = "AWS-RunShellScript"
	nodesPerCommand = 50               // instance ids that SendCommand takes
	longestComment  = 100              // characters
	deliveredWithin = 10 * time.Minute // or the command is given up for that instance
	scriptTimeout   = time.Hour        // of a script whose order says nothing
)

// Run sends a script to instances. There is no client token for it: look with FindRun for the comment before sending
// again. A failure on one instance does not keep the script from the others.
func (c *Client) Run(ctx context.Context, script fleet.Script) (command string, err error) {
	const call = "ssm:SendCommand"
	switch n := len(script.Instances); {
	case n == 0 || n > nodesPerCommand:
		return "", rejected(call, fmt.Sprintf("a command goes to 1 to %d instances, not to %d", nodesPerCommand, n))
	case utf8.RuneCountInString(script.Comment) > longestComment:
		return "", rejected(call, fmt.Sprintf("the comment is longer than %d characters", longestComment))
	}
	timeout := cmp.Or(script.Timeout, scriptTimeout)
	out, err := c.nodes.SendCommand(ctx, &ssm.SendCommandInput{
		DocumentName: aws.String(shellDocument),
		InstanceIds:  texts(script.Instances),
		Comment:      given(script.Comment),
		Parameters: map[string][]string{
			"commands":         script.Commands,
			"executionTimeout": {strconv.Itoa(int(timeout / time.Second))},
		},
		TimeoutSeconds: inSeconds(deliveredWithin),
		MaxConcurrency: aws.String(strconv.Itoa(nodesPerCommand)),
		MaxErrors:      aws.String("100%"),
	})
	if err != nil {
		return "", failure(err)
	}
	if out.Command == nil {
		return "", &fleet.Error{Kind: fleet.Other, Call: call, Code: "NoCommand", Message: "Systems Manager answered without a command"}
	}
	return aws.ToString(out.Command.CommandId), nil
}

// FindRun looks for a command with that comment among those sent since then.
func (c *Client) FindRun(ctx context.Context, comment string, since time.Time) (command string, found bool, err error) {
	in := &ssm.ListCommandsInput{MaxResults: aws.Int32(nodesPage)}
	if !since.IsZero() {
		in.Filters = []types.CommandFilter{{
			Key:   types.CommandFilterKeyInvokedAfter,
			Value: aws.String(since.UTC().Format("2006-01-02T15:04:05Z")),
		}}
	}
	for page, err := range pages(ctx, ssm.NewListCommandsPaginator(c.nodes, in)) {
		if err != nil {
			return "", false, err
		}
		for _, sent := range page.Commands {
			if aws.ToString(sent.Comment) == comment {
				return aws.ToString(sent.CommandId), true, nil
			}
		}
	}
	return "", false, nil
}

// Output returns what the command did on an instance, with as much of what it printed as AWS keeps. A command sent a
// moment ago may not be visible there yet: that is Pending.
func (c *Client) Output(ctx context.Context, command string, id fleet.InstanceID) (fleet.Output, error) {
	out, err := c.nodes.GetCommandInvocation(ctx, &ssm.GetCommandInvocationInput{
		CommandId:  aws.String(command),
		InstanceId: aws.String(string(id)),
	})
	if err != nil {
		if err = failure(err); fleet.KindOf(err) == fleet.Absent {
			return fleet.Output{Instance: id, Status: string(types.CommandInvocationStatusPending)}, nil
		}
		return fleet.Output{}, err
	}
	return fleet.Output{
		Instance: id,
		Status:   string(out.Status),
		Detail:   aws.ToString(out.StatusDetails),
		Exit:     int(out.ResponseCode),
		Stdout:   aws.ToString(out.StandardOutputContent),
		Stderr:   aws.ToString(out.StandardErrorContent),
	}, nil
}

// Outputs returns what the command did on every instance it was sent to, with the first 2,500 characters that it
// printed there.
func (c *Client) Outputs(ctx context.Context, command string) ([]fleet.Output, error) {
	in := &ssm.ListCommandInvocationsInput{
		CommandId:  aws.String(command),
		Details:    true,
		MaxResults: aws.Int32(nodesPage),
	}
	var outputs []fleet.Output
	for page, err := range pages(ctx, ssm.NewListCommandInvocationsPaginator(c.nodes, in)) {
		if err != nil {
			return nil, err
		}
		for _, i := range page.CommandInvocations {
			outputs = append(outputs, outputOf(i))
		}
	}
	return outputs, nil
}

func outputOf(i types.CommandInvocation) fleet.Output {
	output := fleet.Output{
		Instance: fleet.InstanceID(aws.ToString(i.InstanceId)),
		Status:   string(i.Status),
		Detail:   aws.ToString(i.StatusDetails),
	}
	for _, p := range i.CommandPlugins {
		output.Exit = int(p.ResponseCode)
		output.Stdout += aws.ToString(p.Output)
	}
	return output
}
