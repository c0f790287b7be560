using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace Microsoft.ML.ArcFace.Service;

/// <summary>Maps the addresses of the service to what they do.</summary>
internal static class FaceEndpoints
{
    private const int UsualPage = 100, LargestPage = 1000;

    public static void Map(RouteGroupBuilder group)
    {
        group.MapGet("/health/live", Live).WithName("Live").WithSummary("Tells that the process lives.");
        group.MapGet("/health/ready", Ready).WithName("Ready").WithSummary("Tells whether requests can be answered.");
        group.MapGet("/model", Model).Takes(ServiceRights.Identify).WithName("Model").WithSummary("Describes the model in service.");
        group.MapGet("/people", ListAsync).Takes(ServiceRights.Administer).WithName("ListPeople").WithSummary("Lists people in the order of their ids.");
        group.MapGet("/people/{person}", FindAsync).Takes(ServiceRights.Administer).WithName("FindPerson").WithSummary("Describes a person with their photographs.");
        group.MapPatch("/people/{person}", RenameAsync).Takes(ServiceRights.Administer).WithName("RenamePerson").WithSummary("Gives a person another name.");
        group.MapDelete("/people/{person}", EraseAsync).Takes(ServiceRights.Administer).WithName("ErasePerson").WithSummary("Erases a person with all photographs.");
        group.MapPost("/people/{person}/photographs", EnrollAsync).Takes(ServiceRights.Enroll).WithName("Enroll").WithSummary("Enrolls photographs of a person, all or none.");
        group.MapDelete("/people/{person}/photographs/{photograph}", ErasePhotographAsync).Takes(ServiceRights.Administer).WithName("ErasePhotograph").WithSummary("Erases a photograph; with the last one goes the person.");
        group.MapPost("/detect", DetectAsync).Takes(ServiceRights.Identify).WithName("Detect").WithSummary("Finds the faces of a photograph.");
        group.MapPost("/embed", EmbedAsync).Takes(ServiceRights.Identify).WithName("Embed").WithSummary("Gives the embedding of the main face, or of all.");
        group.MapPost("/verify", VerifyAsync).Takes(ServiceRights.Identify).WithName("Verify").WithSummary("Tells whether two photographs show the same person.");
        group.MapPost("/identify", IdentifyAsync).Takes(ServiceRights.Identify).WithName("Identify").WithSummary("Tells who is on a photograph.");
    }

    private static RouteHandlerBuilder Takes(this RouteHandlerBuilder endpoint, ServiceRights right) => endpoint.WithMetadata(new RequiredRight(right));

    private static Ok<HealthAnswer> Live() => TypedResults.Ok(new HealthAnswer("live"));

    private static Ok<HealthAnswer> Ready(FaceService service, IHostApplicationLifetime host)
    {
        if ((host.ApplicationStopping.IsCancellationRequested ? "The service is stopping." : service.Obstacle) is { } obstacle)
        {
            throw new RefusedException(ProblemKind.NotReady, obstacle);
        }

        (service.Gallery as FaceGallery)?.ThrowIfMoved();
        return TypedResults.Ok(new HealthAnswer("ready"));
    }

    private static Ok<ModelAnswer> Model(FaceService service)
    {
        FaceGalleryModel model = service.Embedder.GetGalleryModel();
        return TypedResults.Ok(new ModelAnswer(model.Fingerprint, model.EmbeddingSize, service.Options.Embedder.Cosine ?? model.Threshold?.ForGallerySize(1).Cosine, model.Threshold?.TargetFalseMatchRate));
    }

    private static async Task<Ok<PeopleAnswer>> ListAsync(string? after, int? limit, HttpContext context, FaceService service, CancellationToken cancellationToken)
    {
        int most = limit ?? UsualPage;
        if (most is < 1 or > LargestPage)
        {
            throw new RefusedException(ProblemKind.BadRequest, $"limit is {most}; it must be from 1 to {LargestPage}.");
        }

        // By id, so that a page begins where the last one ended, whoever came and went in between.
        var page = new PriorityQueue<ListedPerson, string>(Comparer<string>.Create((first, second) => string.CompareOrdinal(second, first)));
        bool hasMore = false;
        await foreach (GalleryPerson person in service.Gallery.GetPeopleAsync(cancellationToken))
        {
            if (after is null || string.CompareOrdinal(person.Id, after) > 0)
            {
                page.Enqueue(new ListedPerson(person.Id, person.Name, person.Photographs.Count), person.Id);
                if (page.Count > most)
                {
                    page.Dequeue();
                    hasMore = true;
                }
            }
        }

        ListedPerson[] people = [.. page.UnorderedItems.Select(item => item.Element).OrderBy(person => person.Id, StringComparer.Ordinal)];
        string? next = hasMore ? $"{PathOf(context)}?after={Uri.EscapeDataString(people[^1].Id)}&limit={most}" : null;
        return TypedResults.Ok(new PeopleAnswer(people, next));
    }

    private static async Task<Ok<PersonAnswer>> FindAsync(string person, FaceService service, CancellationToken cancellationToken) =>
        TypedResults.Ok(PersonAnswer.Of(await service.Gallery.FindAsync(person, cancellationToken) ?? throw NobodyOf(person)));

    private static async Task<Ok<PersonAnswer>> RenameAsync(string person, [FromBody] RenameRequest body, FaceService service, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(body.Name))
        {
            throw new RefusedException(ProblemKind.BadRequest, "The body has no name. Send {\"name\": \"Ada\"}.");
        }

        return await service.Gallery.RenameAsync(person, body.Name, cancellationToken) ? await FindAsync(person, service, cancellationToken) : throw NobodyOf(person);
    }

    private static async Task<NoContent> EraseAsync(string person, FaceService service, CancellationToken cancellationToken) =>
        await service.Gallery.RemoveAsync(person, cancellationToken) ? TypedResults.NoContent() : throw NobodyOf(person);

    private static async Task<NoContent> ErasePhotographAsync(string person, string photograph, FaceService service, CancellationToken cancellationToken)
    {
        GalleryPerson found = await service.Gallery.FindAsync(person, cancellationToken) ?? throw NobodyOf(person);
        return found.Photographs.Any(kept => kept.Id == photograph) && await service.Gallery.RemovePhotographAsync(photograph, cancellationToken)
            ? TypedResults.NoContent()
            : throw new RefusedException(ProblemKind.NotFound, $"'{person}' has no photograph '{photograph}'.");
    }

    private static async Task<Results<Created<EnrolledAnswer>, Ok<EnrolledAnswer>>> EnrollAsync(
        string person, string? name, string? source, bool? replace, bool? oneFace, HttpContext context, FaceService service, UploadBudget uploads, CancellationToken cancellationToken)
    {
        if (!PathText.CanCarry(person))
        {
            throw new RefusedException(ProblemKind.BadRequest, "The id cannot stand in a path. Take one that is neither . nor .. and has no NUL.");
        }

        EnrolledAnswer answer = await uploads.UseAsync(context.Request, async (photographs, cancellation) =>
        {
            FaceEmbedding[] embeddings = await Task.WhenAll(photographs.Select(upload => service.Embedder.EmbedAsync(upload.Photograph, cancellation)));
            for (int i = 0; oneFace is true && i < embeddings.Length; i++)
            {
                RequireOneFace(embeddings[i], photographs[i].Photograph.Name);
            }

            FaceToEnroll[] faces = [.. embeddings.Select((embedding, i) => new FaceToEnroll(person, embedding) { Name = name, Source = source ?? photographs[i].FileName })];
            IReadOnlyList<FaceEnrollment> enrolled = await service.Gallery.EnrollAsync(faces, replace ?? false, cancellation);
            return new EnrolledAnswer(enrolled[0].PersonId,
            [
                .. enrolled.Select((result, i) => new EnrolledPhotograph(result.Photograph.Id, result.Photograph.Source, result.Photograph.EnrolledAt, result.Outcome, result.SameSource.Count, SeenFace.Of(new EmbeddedFace(embeddings[i])))),
            ]);
        }, cancellationToken);
        string path = PathOf(context).TrimEnd('/');
        return answer.Photographs.All(photograph => photograph.Outcome == EnrollmentOutcome.AlreadyThere) ? TypedResults.Ok(answer) : TypedResults.Created(path[..path.LastIndexOf('/')], answer);
    }

    private static async Task<Ok<DetectedAnswer>> DetectAsync(HttpContext context, FaceService service, UploadBudget uploads, CancellationToken cancellationToken)
    {
        IReadOnlyList<EmbeddedFace> faces = await SeeAsync("all", context, service, uploads, cancellationToken);
        return faces is [{ Box: null }]
            ? throw new RefusedException(ProblemKind.BadRequest, "The model has no detector, so that it finds no faces. Serve one that has (--detector of arcface train and arcface import).")
            : TypedResults.Ok(new DetectedAnswer([.. faces.Select(SeenFace.Of)]));
    }

    private static async Task<Ok<EmbeddedAnswer>> EmbedAsync(string? faces, HttpContext context, FaceService service, UploadBudget uploads, CancellationToken cancellationToken)
    {
        IReadOnlyList<EmbeddedFace> seen = await SeeAsync(faces, context, service, uploads, cancellationToken);
        return TypedResults.Ok(new EmbeddedAnswer(seen.Count > 0 ? seen[0].Embedding.Fingerprint : service.Embedder.Fingerprint, [.. seen.Select(face => new FaceVector(face.Embedding.Vector, SeenFace.Of(face)))]));
    }

    private static async Task<Ok<VerifiedAnswer>> VerifyAsync(HttpContext context, FaceService service, UploadBudget uploads, CancellationToken cancellationToken)
    {
        FaceVerification verification = await uploads.UseAsync(context.Request, (photographs, cancellation) => photographs.Count == 2
            ? service.Embedder.VerifyAsync(photographs[0].Photograph, photographs[1].Photograph, cancellation)
            : throw new RefusedException(ProblemKind.BadRequest, $"The request has {photographs.Count} photographs; two are compared. Send {UploadType.OfForms} with two parts."), cancellationToken);
        return TypedResults.Ok(new VerifiedAnswer(verification.IsSamePerson, verification.Score, verification.Threshold, verification.FirstFaceCount, verification.SecondFaceCount));
    }

    private static async Task<Ok<IdentifiedAnswer>> IdentifyAsync(string? faces, HttpContext context, FaceService service, UploadBudget uploads, CancellationToken cancellationToken)
    {
        IReadOnlyList<EmbeddedFace> seen = await SeeAsync(faces, context, service, uploads, cancellationToken);
        IReadOnlyList<FaceIdentification> found = await service.Gallery.IdentifyAllAsync([.. seen.Select(face => face.Embedding)], cancellationToken);
        return found is [{ Nearest: null }, ..]
            ? throw new RefusedException(ProblemKind.EmptyGallery, "The gallery is empty, so nobody can be identified. Enroll people first: POST people/ID/photographs.")
            : TypedResults.Ok(new IdentifiedAnswer(found.Count > 0 ? found[0].Threshold : null, [.. found.Zip(seen, IdentifiedFace.Of)]));
    }

    /// <summary>Embeds the main face of a photograph, or all.</summary>
    private static Task<IReadOnlyList<EmbeddedFace>> SeeAsync(string? faces, HttpContext context, FaceService service, UploadBudget uploads, CancellationToken cancellationToken)
    {
        bool isAll = faces == "all" || (faces is null or "main" ? false : throw new RefusedException(ProblemKind.BadRequest, $"'{faces}' is no value of faces (main, all)."));
        return uploads.UseAsync(context.Request, async (photographs, cancellation) =>
        {
            if (photographs.Count != 1)
            {
                throw new RefusedException(ProblemKind.BadRequest, $"The request has {photographs.Count} photographs. Send one request for each.");
            }

            if (isAll)
            {
                return await service.Embedder.EmbedAllAsync(photographs[0].Photograph, cancellation);
            }

            FaceEmbedding embedding = await service.Embedder.EmbedAsync(photographs[0].Photograph, cancellation);
            return [new EmbeddedFace(embedding) { Box = embedding.Faces?[0] }];
        }, cancellationToken);
    }

    private static void RequireOneFace(FaceEmbedding embedding, string photograph)
    {
        if (embedding.Faces is null)
        {
            throw new RefusedException(ProblemKind.BadRequest, "oneFace=true takes a model with a detector: this one does not count faces.");
        }

        embedding.RequireOneFace(photograph);
    }

    private static RefusedException NobodyOf(string person) => new(ProblemKind.NotFound, $"The gallery has nobody of the id '{Names.ShownName.Of(person)}'.");

    /// <summary>Gives the path as the client wrote it.</summary>
    private static string PathOf(HttpContext context) => context.Features.Get<IHttpRequestFeature>() is { RawTarget: { Length: > 0 } target } ? target.Split('?', 2)[0] : context.Request.PathBase + context.Request.Path;
}
