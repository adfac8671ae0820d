package cloud

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// TemplateVersion returns the version that the reference names, the default one when it names none.
func (c *Client) TemplateVersion(ctx context.Context, ref fleet.TemplateRef) (fleet.TemplateVersion, error) {
	v, err := c.version(ctx, ref)
	if err != nil {
		return fleet.TemplateVersion{}, err
	}
	return versionOf(v), nil
}

// version is the version in AWS's own terms.
func (c *Client) version(ctx context.Context, ref fleet.TemplateRef) (types.LaunchTemplateVersion, error) {
	in := &ec2.DescribeLaunchTemplateVersionsInput{Versions: []string{versionName(ref)}}
	if ref.ID != "" {
		in.LaunchTemplateId = aws.String(string(ref.ID))
	} else {
		in.LaunchTemplateName = given(ref.Name)
	}
	if in.LaunchTemplateId == nil && in.LaunchTemplateName == nil {
		return types.LaunchTemplateVersion{}, rejected("ec2:DescribeLaunchTemplateVersions", "no launch template is named")
	}
	out, err := c.machines.DescribeLaunchTemplateVersions(ctx, in)
	if err != nil {
		return types.LaunchTemplateVersion{}, failure(err)
	}
	if len(out.LaunchTemplateVersions) == 0 {
		return types.LaunchTemplateVersion{}, absent("ec2:DescribeLaunchTemplateVersions",
			"InvalidLaunchTemplateId.VersionNotFound",
			fmt.Sprintf("launch template %s%s has no version %s", ref.ID, ref.Name, versionName(ref)))
	}
	return out.LaunchTemplateVersions[0], nil
}

// versionName is the reference's version as AWS reads it.
func versionName(ref fleet.TemplateRef) string {
	if ref.Version == "" {
		return "$Default"
	}
	return ref.Version
}

// CurrentVersions returns the latest and the default version of every template of the region, each once.
func (c *Client) CurrentVersions(ctx context.Context) ([]fleet.TemplateVersion, error) {
	return c.versions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{Versions: []string{"$Latest", "$Default"}})
}

// TemplateVersions returns every version of a template, newest first. The reference's version does not matter.
func (c *Client) TemplateVersions(ctx context.Context, ref fleet.TemplateRef) ([]fleet.TemplateVersion, error) {
	in := &ec2.DescribeLaunchTemplateVersionsInput{}
	if ref.ID != "" {
		in.LaunchTemplateId = aws.String(string(ref.ID))
	} else {
		in.LaunchTemplateName = given(ref.Name)
	}
	if in.LaunchTemplateId == nil && in.LaunchTemplateName == nil {
		return nil, rejected("ec2:DescribeLaunchTemplateVersions", "no launch template is named")
	}
	versions, err := c.versions(ctx, in)
	slices.SortStableFunc(versions, func(a, b fleet.TemplateVersion) int { return cmp.Compare(b.Number, a.Number) })
	return versions, err
}

// TemplateVersionsAfter returns the versions of a template that have a higher number, the newest first. Whatever AWS
// means by "after", the number itself is not among them.
func (c *Client) TemplateVersionsAfter(ctx context.Context, id fleet.TemplateID, number int64) ([]fleet.TemplateVersion, error) {
	versions, err := c.versions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{
		LaunchTemplateId: aws.String(string(id)), MinVersion: aws.String(strconv.FormatInt(number, 10)),
	})
	versions = slices.DeleteFunc(versions, func(v fleet.TemplateVersion) bool { return v.Number <= number })
	slices.SortStableFunc(versions, func(a, b fleet.TemplateVersion) int { return cmp.Compare(b.Number, a.Number) })
	return versions, err
}

// versions reads all pages, and of a version that is named twice the first.
func (c *Client) versions(ctx context.Context, in *ec2.DescribeLaunchTemplateVersionsInput) ([]fleet.TemplateVersion, error) {
	type key struct {
		id     fleet.TemplateID
		number int64
	}
	in.MaxResults = aws.Int32(templatesPage)
	seen := map[key]bool{}
	var versions []fleet.TemplateVersion
	for page, err := range pages(ctx, ec2.NewDescribeLaunchTemplateVersionsPaginator(c.machines, in)) {
		if err != nil {
			return nil, err
		}
		for _, v := range page.LaunchTemplateVersions {
			version := versionOf(v)
			k := key{version.Template, version.Number}
			if !seen[k] {
				versions = append(versions, version)
			}
			seen[k] = true
		}
	}
	return versions, nil
}

// UserData returns a version's user data as it is run, not encoded; empty when it has none.
func (c *Client) UserData(ctx context.Context, ref fleet.TemplateRef) (string, error) {
	v, err := c.version(ctx, ref)
	if err != nil || v.LaunchTemplateData == nil {
		return "", err
	}
	return decoded(aws.ToString(v.LaunchTemplateData.UserData)), nil
}

// decoded is user data in plain. What is not base64 was put there in plain.
func decoded(userData string) string {
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(userData))
	if err != nil {
		return userData
	}
	return string(plain)
}

// LiveSpec returns what a template made from an instance as it is now would say.
func (c *Client) LiveSpec(ctx context.Context, id fleet.InstanceID) (fleet.TemplateVersion, error) {
	data, err := c.liveData(ctx, id)
	if err != nil {
		return fleet.TemplateVersion{}, err
	}
	return versionOf(types.LaunchTemplateVersion{LaunchTemplateData: data}), nil
}

func (c *Client) liveData(ctx context.Context, id fleet.InstanceID) (*types.ResponseLaunchTemplateData, error) {
	out, err := c.machines.GetLaunchTemplateData(ctx, &ec2.GetLaunchTemplateDataInput{InstanceId: aws.String(string(id))})
	if err != nil {
		return nil, failure(err)
	}
	return out.LaunchTemplateData, nil
}

// DeleteTemplateVersions deletes versions and says of each what became of it. One that is gone already counts as
// deleted, so doing it twice is harmless. The default version cannot be deleted; AWS does not look at who uses one.
func (c *Client) DeleteTemplateVersions(
	ctx context.Context, id fleet.TemplateID, versions []int64,
) (deleted []int64, failed map[int64]string, err error) {
	failed = map[int64]string{}
	for some := range slices.Chunk(versions, templatesPage) {
		in := &ec2.DeleteLaunchTemplateVersionsInput{LaunchTemplateId: aws.String(string(id))}
		for _, n := range some {
			in.Versions = append(in.Versions, strconv.FormatInt(n, 10))
		}
		out, err := c.machines.DeleteLaunchTemplateVersions(ctx, in)
		if err != nil {
			return deleted, failed, failure(err)
		}
		for _, v := range out.SuccessfullyDeletedLaunchTemplateVersions {
			deleted = append(deleted, aws.ToInt64(v.VersionNumber))
		}
		for _, v := range out.UnsuccessfullyDeletedLaunchTemplateVersions {
			if number, why := aws.ToInt64(v.VersionNumber), v.ResponseError; gone(why) {
				deleted = append(deleted, number)
			} else {
				failed[number] = reason(why)
			}
		}
	}
	slices.Sort(deleted)
	return deleted, failed, nil
}

func gone(e *types.ResponseError) bool {
	return e != nil && e.Code == types.LaunchTemplateErrorCodeLaunchTemplateVersionDoesNotExist
}

func reason(e *types.ResponseError) string {
	if e == nil {
		return "AWS gives no reason"
	}
	return cmp.Or(aws.ToString(e.Message), string(e.Code))
}

func versionOf(v types.LaunchTemplateVersion) fleet.TemplateVersion {
	version := fleet.TemplateVersion{
		Template:    fleet.TemplateID(aws.ToString(v.LaunchTemplateId)),
		Name:        aws.ToString(v.LaunchTemplateName),
		Number:      aws.ToInt64(v.VersionNumber),
		Default:     aws.ToBool(v.DefaultVersion),
		Description: aws.ToString(v.VersionDescription),
		Created:     aws.ToTime(v.CreateTime),
		Fields:      flatten(v.LaunchTemplateData),
	}
	if data := v.LaunchTemplateData; data != nil {
		version.Image = fleet.ImageID(aws.ToString(data.ImageId))
		version.InstanceType = string(data.InstanceType)
	}
	return version
}
