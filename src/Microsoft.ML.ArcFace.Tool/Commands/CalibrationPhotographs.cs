using System.CommandLine;
using Microsoft.ML.ArcFace.Evaluation;

namespace Microsoft.ML.ArcFace.Tool.Commands;

/// <summary>Holds photographs of a folder with the pairs that a threshold is calibrated on, which are known to be enough before anything is embedded.</summary>
/// <param name="Rows">The photographs.</param>
/// <param name="Pairs">The pairs, by relative path.</param>
/// <param name="Rate">The share of impostor pairs that may be accepted, over 0 and below 1.</param>
internal sealed record CalibrationPhotographs(IDataView Rows, IReadOnlyList<FacePair> Pairs, double Rate)
{
    /// <summary>Lists the photographs and pairs them.</summary>
    /// <param name="run">The command.</param>
    /// <param name="ml">The context.</param>
    /// <param name="faces">The catalog.</param>
    /// <param name="preparation">From a photograph to the face.</param>
    /// <param name="folder">The option that names the folder, with one folder a person in it.</param>
    /// <param name="skipUnusable">Whether photographs that cannot be read or show no face are left out.</param>
    /// <param name="rate">The rate.</param>
    /// <exception cref="InvalidOperationException">There are too few pairs for the rate; the message names the folder and how many it takes.</exception>
    public static CalibrationPhotographs Read(
        ToolRun run, MLContext ml, FaceRecognitionCatalog faces, ITransformer preparation, Option<DirectoryInfo> folder, bool skipUnusable, double rate)
    {
        IDataView all = run.LoadFromFolder(faces, run.Need(folder), skipUnusable);
        UsablePhotographs photographs = skipUnusable ? UsablePhotographs.Find(run, all, preparation, "Image") : UsablePhotographs.All(all);
        IReadOnlyList<FacePair> pairs = ComparedPairs.Read(run, ml, faces, photographs, folder, folds: 2);
        int genuine = pairs.Count(pair => pair.IsSamePerson);
        try
        {
            ThresholdCalibrator.Check(rate, genuine, pairs.Count - genuine);
        }
        catch (InvalidOperationException error)
        {
            throw new InvalidOperationException($"{folder.Name} '{run.Need(folder)}': {error.Message}", error);
        }

        return new CalibrationPhotographs(photographs.Rows, pairs, rate);
    }

    /// <summary>Embeds the photographs and chooses the threshold.</summary>
    public VerificationThreshold Calibrate(FaceRecognitionCatalog faces, ITransformer model) => faces.CalibrateThreshold(model.Transform(Rows), Pairs, Rate);
}
