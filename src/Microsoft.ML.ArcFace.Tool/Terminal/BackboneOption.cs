using System.CommandLine;

namespace Microsoft.ML.ArcFace.Terminal;

/// <summary>A network by its short name.</summary>
internal static class BackboneOption
{
    /// <summary>--backbone; MobileFaceNet where it is not <paramref name="required"/> and not given.</summary>
    public static Option<BackboneName> Create(string description, bool required = false)
    {
        string names = string.Join(", ", BackboneArchitectures.ShortNames);
        return new Option<BackboneName>("--backbone")
        {
            Description = $"{description} One of {names}.",
            HelpName = "NAME",
            Required = required,
            DefaultValueFactory = required ? null : _ => new BackboneName(BackboneArchitecture.MobileFaceNet),
            CustomParser = argument =>
            {
                string text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";
                if (!BackboneArchitectures.TryParse(text, out BackboneArchitecture backbone))
                {
                    argument.AddError($"--backbone is '{text}'; it must be one of {names}, for example --backbone r50.");
                }

                return new BackboneName(backbone);
            },
        };
    }
}

/// <summary>A network that help and messages name as the command line does.</summary>
internal readonly record struct BackboneName(BackboneArchitecture Architecture)
{
    public static implicit operator BackboneArchitecture(BackboneName name) => name.Architecture;

    public override string ToString() => Architecture.ToShortName();
}
