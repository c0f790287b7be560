using System.CommandLine;

namespace Microsoft.ML.ArcFace.Terminal;

/// <summary>A network by its short name.</summary>
internal static class BackboneOption
{
    /// <summary>--backbone; MobileFaceNet where it is not <paramref name="required"/> and not given.</summary>
    public static Option<BackboneArchitecture> Create(string description, bool required = false)
    {
        string names = string.Join(", ", BackboneArchitectures.ShortNames);
        return new Option<BackboneArchitecture>("--backbone")
        {
            Description = $"{description} One of {names}.",
            HelpName = "NAME",
            Required = required,
            DefaultValueFactory = required ? null : _ => BackboneArchitecture.MobileFaceNet,
            CustomParser = argument =>
            {
                string text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";
                if (!BackboneArchitectures.TryParse(text, out BackboneArchitecture backbone))
                {
                    argument.AddError($"--backbone is '{text}'; it must be one of {names}, for example --backbone r50.");
                }

                return backbone;
            },
        };
    }
}
