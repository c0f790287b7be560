using System.Globalization;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Losses;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// A loss that trains face embeddings. The choices are the records derived from this one, for example
/// <c>new ArcFaceLoss(MarginRadians: 0.5)</c>.
/// </summary>
/// <remarks>
/// Most classify the people of the training set: each is the mean cross entropy over logits s·cos θⱼ, where θⱼ is the
/// angle between the embedding and the centre of class j; a margin replaces the logit of the embedding's own class.
/// <see cref="SoftmaxLoss"/> and <see cref="CenterLoss"/> normalise nothing. <see cref="TripletLoss"/> and
/// <see cref="AngularTripletLoss"/> compare the photographs of a batch with each other.
/// </remarks>
public abstract partial record FaceLoss
{
    // The set is closed: the trainer and the tests know every loss.
    private protected FaceLoss()
    {
    }

    /// <summary>
    /// The scale s of the logits: above 0, at most 1000; the papers' usual value is 64. <see langword="null"/>, the
    /// default, lets the trainer choose for the number of classes. Losses that do not scale cosines (softmax, center loss,
    /// SphereFace, triplets) refuse one.
    /// </summary>
    public double? Scale { get; init; }

    /// <summary>Whether the logits are multiplied by a constant scale.</summary>
    internal virtual bool HasScale => true;

    /// <summary>Whether a step can score a sample of the classes: all that the loss learns of a class are its centres.</summary>
    internal virtual bool CanSampleClasses => !ComparesPhotographs;

    /// <summary>Whether a batch must hold several photographs of each of its people.</summary>
    internal virtual bool ComparesPhotographs => false;

    /// <summary>The margin, for summaries of a training; null if the loss has none, or several.</summary>
    internal virtual double? SingleMargin => null;

    /// <summary>The most photographs that a batch may hold.</summary>
    internal virtual int LargestBatch => int.MaxValue;

    /// <summary>Everything that is wrong with the options, one message each; empty when all is well.</summary>
    internal IEnumerable<string> Violations()
    {
        if (Scale is { } scale && !HasScale)
            yield return $"{GetType().Name}.{nameof(Scale)} is {Text(scale)}; this loss has no scale. Leave it null.";
        else if (Scale is { } given && !(given > 0 && given <= 1000))
            yield return $"{GetType().Name}.{nameof(Scale)} is {Text(given)}; it must be above 0 and at most 1000. The usual value is 64; null lets the trainer choose.";
        foreach (var violation in OwnViolations())
            yield return violation;
    }

    /// <summary>The trainable part: the loss, and class centres of <paramref name="embeddingSize"/> where it has them.</summary>
    /// <param name="embeddingSize">Components of an embedding; at least 1.</param>
    /// <param name="classCount">People in the training set; at least 1.</param>
    /// <param name="scale">The scale of the logits; not used where <see cref="HasScale"/> is false.</param>
    internal abstract LossHead CreateHead(int embeddingSize, long classCount, double scale);

    /// <summary>The violations of a loss's own options, without the scale.</summary>
    private protected virtual IEnumerable<string> OwnViolations() => [];

    /// <summary>At most one message: that the option is not a number from minimum to maximum.</summary>
    private protected IEnumerable<string> OutOfRange(string option, double value, double minimum, double maximum, string remedy)
    {
        // Negated, because every comparison with NaN is false.
        if (!(value >= minimum && value <= maximum))
            yield return $"{GetType().Name}.{option} is {Text(value)}; it must lie from {Text(minimum)} to {Text(maximum)}. {remedy}";
    }

    /// <summary>At most one message: that the option is not a named member of its enumeration.</summary>
    private protected IEnumerable<string> Undefined<T>(string option, T value) where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
            yield return $"{GetType().Name}.{option} is {value}; it must be one of {string.Join(", ", Enum.GetNames<T>())}.";
    }

    /// <summary>Adds the intra- and inter-loss to a head where they have a weight.</summary>
    private protected static ClassificationHead WithAngleTerms(ClassificationHead head, double intraWeight, double interWeight)
    {
        if (intraWeight > 0)
            head.Add(new IntraTerm(intraWeight));
        if (interWeight > 0)
            head.Add(new InterTerm(interWeight));
        return head;
    }

    private protected IEnumerable<string> AngleTermViolations(double intraLossWeight, double interLossWeight) =>
    [
        .. OutOfRange("IntraLossWeight", intraLossWeight, 0, 1000, "The paper's value is 1; 0 leaves the term out."),
        .. OutOfRange("InterLossWeight", interLossWeight, 0, 1000, "The paper's value is 1; 0 leaves the term out."),
    ];

    private static string Text(double value) => value.ToString("G6", CultureInfo.InvariantCulture);

    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public sealed override string ToString() => InvariantText.OfRecord(GetType().Name, PrintMembers);
}
