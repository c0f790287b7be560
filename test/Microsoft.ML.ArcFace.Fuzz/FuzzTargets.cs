using Microsoft.ML.ArcFace.Fuzz.Targets;

namespace Microsoft.ML.ArcFace.Fuzz;

/// <summary>Everything that reads what others wrote.</summary>
internal static class FuzzTargets
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new RecordTarget(damagesIndex: false), new RecordTarget(damagesIndex: true), new VerificationTarget(), new CheckpointTarget(isZip: true), new CheckpointTarget(isZip: false),
        new SafetensorsTarget(), new ModelTarget(), new ModelWeightsTarget(), new PairsTarget(), new ListTarget(isCsv: true), new ListTarget(isCsv: false), new TemplateListTarget(), new TemplatePairsTarget(),
        new DetectorTarget(), new GraphTarget(), new RecognizerTarget(), new RuntimeRecognizerTarget(), new IrNetworkTarget(), new OriginalGraphTarget(), new SplitGraphTarget(),
        .. ImageTarget.All, .. GalleryTarget.All, new OlderGalleryTarget(),
    ];
}
