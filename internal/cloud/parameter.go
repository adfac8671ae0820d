package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// Parameter returns a Systems Manager parameter. One that is a secret is not decrypted.
func (c *Client) Parameter(ctx context.Context, name string) (fleet.Parameter, error) {
	out, err := c.nodes.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(name)})
	if err != nil {
		return fleet.Parameter{}, failure(err)
	}
	if out.Parameter == nil {
		return fleet.Parameter{}, absent("ssm:GetParameter", "ParameterNotFound", "there is no parameter "+name)
	}
	return fleet.Parameter{
		Name:    aws.ToString(out.Parameter.Name),
		Value:   aws.ToString(out.Parameter.Value),
		Version: out.Parameter.Version,
	}, nil
}

// PutParameter writes a parameter, new or not. Writing the same value twice makes two versions that say the same.
func (c *Client) PutParameter(ctx context.Context, name, value string) (version int64, err error) {
	out, err := c.nodes.PutParameter(ctx, &ssm.PutParameterInput{
		Name:      aws.String(name),
		Value:     aws.String(value),
		Type:      types.ParameterTypeString,
		Overwrite: aws.Bool(true),
	})
	if err != nil {
		return 0, failure(err)
	}
	return out.Version, nil
}
