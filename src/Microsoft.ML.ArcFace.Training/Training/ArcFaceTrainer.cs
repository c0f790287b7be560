using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Training;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Trains a face embedding by additive angular margin (Deng et al., "ArcFace", arXiv 1801.07698) or another loss of
/// its family: photographs of the same person come close to each other, those of different people far apart, also for
/// people never seen in training.
/// </summary>
public sealed partial class ArcFaceTrainer : IEstimator<FaceEmbeddingTransformer>
{
    private readonly IHost _host;
    private readonly Options _options;
    private readonly WorkObserver _observer;

    internal ArcFaceTrainer(IHostEnvironment environment, Options options, WorkObserver observer)
    {
        Contracts.CheckValue(environment, nameof(environment));
        _host = environment.Register(nameof(ArcFaceTrainer));
        _host.CheckValue(options, nameof(options));
        OptionsCheck.ThrowIfAny(options.Violations(), nameof(options));
        _options = options;
        _observer = observer;
    }

    private EmbeddingColumns Columns =>
        new(_options.ImageColumnName, _options.EmbeddingColumnName, _options.PredictedLabelColumnName, _options.ScoreColumnName, _options.CosineColumnName, _options.QualityColumnName);

    /// <summary>Trains on every row of the data, validating on <see cref="Options.ValidationSet"/> if there is one.</summary>
    /// <param name="input">Photographs in the image column, people in the label column.</param>
    /// <returns>The trained embedding; dispose of it to free its native memory.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong kind.</exception>
    /// <exception cref="InvalidOperationException">
    /// The data cannot be trained on, MLContext asks for a GPU that is not there, or the checkpoints are of another run; the
    /// message says why and what to do.
    /// </exception>
    /// <exception cref="FaceImageException">LoadFaceImages cannot read a photograph, and was not asked to skip it.</exception>
    /// <exception cref="WeightsFormatException"><see cref="Options.InitialWeights"/> or <see cref="Options.Teacher"/> is damaged, does not fit, or has an operator that cannot be trained; or every checkpoint is damaged.</exception>
    /// <exception cref="IOException">A checkpoint or event cannot be written, or another run writes to the folder of checkpoints.</exception>
    /// <exception cref="NativeRuntimeException">The native torch library cannot be loaded.</exception>
    /// <exception cref="TrainingDivergedException">The loss diverged or collapsed.</exception>
    /// <exception cref="TrainingCanceledException"><see cref="Options.CancellationToken"/> was canceled while it trained; a checkpoint is written before.</exception>
    /// <exception cref="OperationCanceledException"><see cref="Options.CancellationToken"/> was canceled before the first step.</exception>
    public FaceEmbeddingTransformer Fit(IDataView input) => Fit(input, _options.ValidationSet);

    /// <summary>Trains on every row of the data and validates on other data after each epoch.</summary>
    /// <inheritdoc cref="Fit(IDataView)"/>
    /// <param name="input">Photographs in the image column, people in the label column.</param>
    /// <param name="validationSet">The same columns; null for no validation. The people may be others.</param>
    public FaceEmbeddingTransformer Fit(IDataView input, IDataView? validationSet)
    {
        _host.CheckValue(input, nameof(input));
        _options.CancellationToken.ThrowIfCancellationRequested();
        CheckValidationSet(validationSet);
        var hardware = (IHostEnvironmentInternal)_host;
        Device device = TorchDevices.Choose(hardware.GpuDeviceId, hardware.FallbackToCpu);
        using IChannel channel = _host.Start("Training");
        InitialNetwork initial = InitialNetwork.Open(_host, channel, _options.Recipe);
        UnlabeledFaces.Check(_host, _options.Teacher, _options.ImageColumnName);
        PrepareTensorBoard();
        using OpenTeacher? teacher = OpenTeacher.Open(_host, _options.Teacher, input, _options.ImageColumnName);
        TrainingSetup setup = _options.Setup;
        using CheckpointFolder? checkpoints = CheckpointFolder.Open(channel, setup);
        TrainingRecipe recipe = _options.Recipe with { Seed = _options.Seed ?? hardware.Seed };
        checkpoints?.CheckIdentity(RunIdentity.Of(recipe));
        int seed = recipe.Seed ?? checkpoints?.OpenNewest()?.Identity.StoredSeed ?? Environment.TickCount;
        TrainingFaces faces = TrainingFaces.Read(_host, channel, input, setup, _observer);
        TrainingValidation? validation = validationSet is null ? null : TrainingValidation.Read(_host, channel, validationSet, setup, seed, _observer);
        Teaching? teaching = Teach(teacher, channel, setup);
        initial.RenewNorms(faces);
        using TrainedNetwork trained = SecondStage.Run(new TrainingRun(channel, recipe with { Seed = seed }, setup, faces, validation, device, checkpoints, _observer, initial, teaching));
        bool addsMirrorImage = _options.AddMirrorImage || initial.Foreign?.AddsMirrorImage == true;
        return new FaceEmbeddingTransformer(_host, trained.ToModel(_host), Columns, addsMirrorImage, _options.InferenceBatchSize, threshold: null, _options.RequireAligned, faces.UnalignedCount);
    }

    /// <summary>
    /// Trains a network of these options for some steps, while the learning rate grows from step to step, and says at which
    /// rate the loss falls fastest. The network is thrown away; nothing is written, and <see cref="Fit(IDataView)"/> gives
    /// what it gives without. <see cref="Options.LearningRate"/>, decay and warm-up are not looked at.
    /// </summary>
    /// <param name="input">Photographs in the image column, people in the label column.</param>
    /// <param name="search">Rates and number of steps; null: the defaults.</param>
    /// <returns>The losses over the rates, and a suggestion for <see cref="Options.LearningRate"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong kind, or the search's options are outside of their ranges.</exception>
    /// <exception cref="InvalidOperationException">The data cannot be trained on, or MLContext asks for a GPU that is not there.</exception>
    /// <exception cref="FaceImageException">LoadFaceImages cannot read a photograph, and was not asked to skip it.</exception>
    /// <exception cref="WeightsFormatException"><see cref="Options.InitialWeights"/> is damaged, does not fit the network, or has an operator that cannot be trained.</exception>
    /// <exception cref="NativeRuntimeException">The native torch library cannot be loaded.</exception>
    /// <exception cref="OperationCanceledException"><see cref="Options.CancellationToken"/> was cancelled.</exception>
    public LearningRateCurve FindLearningRate(IDataView input, LearningRateSearch? search = null)
    {
        _host.CheckValue(input, nameof(input));
        search ??= new LearningRateSearch();
        OptionsCheck.ThrowIfAny(search.Violations(), nameof(search));
        _options.CancellationToken.ThrowIfCancellationRequested();
        var hardware = (IHostEnvironmentInternal)_host;
        Device device = TorchDevices.Choose(hardware.GpuDeviceId, hardware.FallbackToCpu);
        using IChannel channel = _host.Start("Search for the learning rate");
        InitialNetwork initial = InitialNetwork.Open(_host, channel, _options.Recipe);
        UnlabeledFaces.Check(_host, _options.Teacher, _options.ImageColumnName);
        using OpenTeacher? teacher = OpenTeacher.Open(_host, _options.Teacher, input, _options.ImageColumnName);
        TrainingSetup withoutFiles = _options.Setup with { CheckpointDirectory = null, TensorBoardDirectory = null };
        TrainingFaces faces = TrainingFaces.Read(_host, channel, input, withoutFiles, _observer);
        TrainingRecipe recipe = _options.Recipe with { Seed = _options.Seed ?? hardware.Seed ?? Environment.TickCount };
        initial.RenewNorms(faces);
        return LearningRateFinder.Run(new TrainingRun(channel, recipe, withoutFiles, faces, Validation: null, device, Checkpoints: null, _observer, initial, Teach(teacher, channel, withoutFiles)), search);
    }

    private Teaching? Teach(OpenTeacher? teacher, IChannel channel, TrainingSetup setup) =>
        teacher is null ? null : new Teaching(teacher, UnlabeledFaces.Read(_host, channel, teacher.Options, setup, _observer));

    private void PrepareTensorBoard()
    {
        if (_options.TensorBoardDirectory is { } directory)
        {
            WritableFolder.Prepare(directory, nameof(Options.TensorBoardDirectory));
        }
    }

    /// <summary>What can be said about the validation set before the training set is read, which may take long.</summary>
    private void CheckValidationSet(IDataView? validationSet)
    {
        if (validationSet is not null)
        {
            FacePixelReader.Column(_host, validationSet.Schema, _options.ImageColumnName);
            FaceLabels.Column(_host, validationSet.Schema, _options.LabelColumnName);
        }
        else if (_options.EarlyStoppingPatienceEpochs is { } patience)
        {
            throw new InvalidOperationException(
                $"{nameof(Options.EarlyStoppingPatienceEpochs)} is {patience}, but there is no validation set to judge by. Give {nameof(Fit)} one or set {nameof(Options.ValidationSet)}, or leave the patience null.");
        }
    }

    /// <summary>The input's schema with the embedding columns.</summary>
    /// <param name="inputSchema">A schema with the image and label columns.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of them is missing or of the wrong kind.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        FacePixelReader.Check(_host, inputSchema, _options.ImageColumnName);
        bool peopleHaveNames = FaceLabels.Check(_host, inputSchema, _options.LabelColumnName);
        return Columns.AddTo(inputSchema, peopleHaveNames);
    }
}
