using System.Diagnostics;
using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.Runtime;

[assembly: OlderModels]

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Refuses models of older versions. Their files name this assembly, of which ML.NET then reads the attributes of loadable
/// classes; without this one it would find no class, and say no more than that. Whoever else reads the attributes of the assembly
/// gets this one, which says nothing.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class OlderModelsAttribute : LoadableClassAttributeBase
{
    /// <exception cref="WeightsFormatException">ML.NET asks, which it does when it is about to load such a model.</exception>
    public OlderModelsAttribute()
        : base(summary: null, typeof(OlderModelsAttribute), typeof(OlderModelsAttribute), argType: null, [typeof(SignatureDefault)], "Models of older versions")
    {
        if (new StackTrace().GetFrames().Any(frame => frame.GetMethod()?.DeclaringType?.Assembly == typeof(ComponentCatalog).Assembly))
        {
            throw new WeightsFormatException($"The model cannot be loaded: {OlderModels.Refusal}.");
        }
    }
}
