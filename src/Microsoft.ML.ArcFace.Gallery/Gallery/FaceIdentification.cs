using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace;

/// <summary>What an open-set search says.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<IdentificationOutcome>))]
public enum IdentificationOutcome
{
    /// <summary>Nobody of the gallery is near enough: a stranger, or a photograph that shows little.</summary>
    Unknown,

    /// <summary>One person is near enough, and clearly nearer than everybody else.</summary>
    Match,

    /// <summary>
    /// Somebody is near enough, but the runner-up is about as near, or another face of the same photograph is nearer to the same
    /// person: ask a person, or take another photograph.
    /// </summary>
    Ambiguous,
}

/// <summary>A person of the gallery, as near as they are to a face.</summary>
/// <param name="PersonId">Who it is.</param>
/// <param name="Name">What they are called.</param>
/// <param name="Score">The cosine between the face and the person's nearest photograph, or the mean of their photographs; −1 to 1.</param>
/// <param name="Photograph">The nearest photograph; null where the person is searched by the mean of their photographs.</param>
public sealed record FaceCandidate(string PersonId, string Name, double Score, GalleryPhotograph? Photograph)
{
    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(FaceCandidate), PrintMembers);
}

/// <summary>Who a face is, if it is anybody of the gallery.</summary>
/// <param name="Outcome">Whether there is a match.</param>
/// <param name="Nearest">Whoever is nearest, match or not; null if the gallery is empty.</param>
/// <param name="RunnerUp">The next person; null if the gallery has one person at most.</param>
/// <param name="Threshold">The cosine that had to be exceeded, −1 to 1.</param>
public sealed record FaceIdentification(IdentificationOutcome Outcome, FaceCandidate? Nearest, FaceCandidate? RunnerUp, double Threshold)
{
    /// <summary>Who it is; null unless <see cref="Outcome"/> is <see cref="IdentificationOutcome.Match"/>.</summary>
    public FaceCandidate? Person => Outcome == IdentificationOutcome.Match ? Nearest : null;

    /// <summary>How much nearer the nearest person is than the runner-up, 0 to 2; null without a runner-up.</summary>
    public double? Margin => Nearest is { } first && RunnerUp is { } second ? first.Score - second.Score : null;

    /// <summary>
    /// Tells which face of the same photograph, from 0 in the order in which the faces were given, is nearer to <see cref="Nearest"/>, so
    /// that this one is not taken for them; null: none, or the face was identified alone.
    /// </summary>
    public int? NearerFace { get; init; }

    private string RunnerUpText => RunnerUp is null ? "" : string.Create(CultureInfo.InvariantCulture, $", then {ShownName.Of(RunnerUp.Name)} {RunnerUp.Score:0.000}");

    private string NearerFaceText => NearerFace is { } face ? string.Create(CultureInfo.InvariantCulture, $", but face {face + 1} of the photograph is nearer to this person") : "";

    /// <summary>One line: outcome, who is nearest, who comes next.</summary>
    public override string ToString() => Nearest is null
        ? $"{Outcome}: the gallery is empty"
        : string.Create(CultureInfo.InvariantCulture,
            $"{Outcome}: {ShownName.Of(Nearest.Name)} {Nearest.Score:0.000}{RunnerUpText}; over {Threshold:0.000} is near enough{NearerFaceText}");
}
