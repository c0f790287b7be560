using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.ArcFace.Training;

namespace Microsoft.ML.ArcFace.Experiments;

/// <summary>
/// Hashes all that the result of a trial depends on, so that results of other experiments are not taken for it: what decides
/// the weights, by the same rule as for checkpoints (<see cref="RunSettings"/>), when training stops, how the model embeds, the data, and
/// which of their columns of photographs it is.
/// </summary>
internal static class TrialKey
{
    /// <param name="options">The trial's options.</param>
    /// <param name="data">Tells the photographs and pairs from others.</param>
    public static string Of(ArcFaceTrainer.Options options, string data)
    {
        IEnumerable<string> settings = RunSettings.Of(options, options.Seed).Values.OrderBy(setting => setting.Key, StringComparer.Ordinal).Select(setting => $"{setting.Key} {setting.Value}");
        string judged = FormattableString.Invariant($"{options.ImageColumnName}\n{options.EarlyStoppingPatienceEpochs} {options.UnreadableImages} {options.RequireAligned} {options.AddMirrorImage} {options.InferencePrecision}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', [.. settings, judged, data]))));
    }
}
