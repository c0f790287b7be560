using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Parameters that are trained at one learning rate.</summary>
/// <param name="Parameters">By name; names differ between the groups of an optimizer.</param>
/// <param name="LearningRateShare">The factor on the learning rate of a step.</param>
internal sealed record ParameterGroup(IReadOnlyList<(string Name, Parameter Parameter)> Parameters, double LearningRateShare = 1)
{
    /// <summary>The parameters of a module that are not frozen.</summary>
    /// <param name="module">What is trained.</param>
    /// <param name="prefix">Before its parameters' names.</param>
    /// <param name="learningRateShare">The factor on the learning rate of a step.</param>
    public static ParameterGroup Of(nn.Module module, string prefix, double learningRateShare = 1) => new(
        [.. module.named_parameters().Where(named => named.parameter.requires_grad).Select(named => ($"{prefix}.{named.name}", named.parameter))],
        learningRateShare);
}
