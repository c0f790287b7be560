using System.CommandLine;

namespace Microsoft.ML.ArcFace.Tool.Commands;

/// <summary>A network by its short name.</summary>
internal static class BackboneOption
{
    public static Option<string> Create(string description)
    {
        string names = string.Join(", ", BackboneArchitectures.ShortNames);
        var backbone = new Option<string>("--backbone") { Description = $"{description} One of {names}.", HelpName = "NAME", DefaultValueFactory = _ => BackboneArchitecture.MobileFaceNet.ToShortName() };
        backbone.Validators.Add(result =>
        {
            if (!BackboneArchitectures.TryParse(result.GetValue(backbone), out BackboneArchitecture _))
            {
                result.AddError($"--backbone is '{result.GetValue(backbone)}'; it must be one of {names}, for example --backbone r50.");
            }
        });
        return backbone;
    }
}
