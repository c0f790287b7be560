using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace;

/// <summary>One training run of an experiment. A trial that survives is trained again, for longer, in the next rung.</summary>
/// <param name="Number">Which point of the search space it is, from 0; 0 is the space's own default.</param>
/// <param name="Rung">The rung of successive halving, from 0.</param>
/// <param name="Epochs">Passes over the training photographs in this rung.</param>
/// <param name="Parameters">The searched options by name, as they were drawn. Those of a nested option are "Outer.Inner".</param>
/// <param name="Options">
/// What it trains with: give them to <c>Trainers.ArcFace</c> to train the same again. Their epochs are <see cref="Epochs"/>; with
/// <see cref="FaceExperimentSettings.ContinueTrials"/> those of the last rung, on whose schedule it trains. They hold callbacks and
/// data, so JSON leaves them out.
/// </param>
public sealed record FaceTrial(int Number, int Rung, int Epochs, IReadOnlyDictionary<string, object?> Parameters, [property: JsonIgnore] ArcFaceTrainer.Options Options)
{
    /// <summary>The trial in a line, such as "trial 3, 9 epochs: Loss=CosFace, Margin=0.312".</summary>
    public override string ToString() => $"trial {Number}, {Counted.Of(Epochs, "epoch")}: {string.Join(", ", Parameters.Select(parameter => $"{parameter.Key}={Text(parameter.Value)}"))}";

    private static string Text(object? value) => value switch
    {
        null => "auto",
        double or float => Convert.ToDouble(value, CultureInfo.InvariantCulture).ToString("G3", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
