"""Letters, forms, contracts, medical papers and others in eight languages, to be drawn as pages.

A line a line, ``|`` parts the choices, ``#`` begins a heading. All people and firms are invented.
"""

# ruff: noqa: E501
TEXTS: dict[str, dict[str, str]] = {
    "letter": {
        "en": """
            {name} and Partners, 14 Mill Road, Thornwick|{name} Housing Association
            {date}
            Mr {name}, 3 Saltmarsh Street, Port Ellery
            Your enquiry of {date}|Repairs to your roof|Meeting in Hexbridge
            Dear Mr {name},|Dear Sir or Madam,|Dear Ms {name},|Hello {name},
            Thank you for writing to us about the noise from the building site behind your house.|We were sorry to hear that your journey was not as pleasant as it should have been.
            I have spoken with the foreman, who will make sure that no machine runs before eight in the morning.
            If there is anything else we can do for you, call me on the number above at any time.
            We hope to see you at the summer party in June, to which all neighbours are invited.
            Yours sincerely,|Kind regards,|With best wishes,
            {name}
            Head of Customer Care|Secretary""",
        "de": """
            {name} Hausverwaltung, Lindenweg 4, Norderfelde|Familie {name}
            {date}|Norderfelde, den {date}
            Frau {name}, Am Alten Markt 12, Grünstadt
            Ihre Anfrage vom {date}|Bauarbeiten im Hof|Einladung zum Sommerfest
            Sehr geehrte Frau {name},|Sehr geehrte Damen und Herren,|Liebe Frau {name},
            vielen Dank für Ihre Zeilen, in denen Sie uns über den Lärm hinter Ihrem Haus berichten.|wir bedauern sehr, dass Ihre Reise nicht so verlaufen ist, wie Sie es erwarten durften.
            Ich habe mit dem Polier gesprochen, der dafür sorgen wird, dass vor acht Uhr keine Maschine läuft.
            Sollten Sie noch Fragen haben, rufen Sie mich gerne unter der oben genannten Nummer an.
            Wir würden uns freuen, Sie im Juni bei unserem Fest begrüßen zu dürfen.
            Mit freundlichen Grüßen|Herzliche Grüße|Mit besten Grüßen
            {name}
            Anlage: Lageplan|Leiterin Kundendienst""",
        "fr": """
            Cabinet {name}, 12 rue des Tilleuls, Montrégis
            Montrégis, le {date}
            Monsieur {name}, 8 chemin Vert, Saint-Aubert
            Objet : votre demande du {date}|Objet : travaux de toiture|Réf. {number}
            Monsieur,|Madame,|Chère Madame {name},
            Nous avons bien reçu votre courrier concernant le bruit du chantier situé derrière votre maison.|Nous regrettons vivement que votre voyage ne se soit pas déroulé comme prévu.
            Je me suis entretenu avec le chef de chantier, qui veillera à ce qu'aucune machine ne tourne avant huit heures.
            Je reste à votre disposition pour tout renseignement complémentaire au numéro ci-dessus.
            Je vous prie d'agréer, Monsieur, l'expression de mes sentiments distingués.|Veuillez agréer, Madame, mes salutations distinguées.|Bien cordialement,
            {name}""",
        "es": """
            {name} Administración de Fincas, Calle del Olivar 7, Torrealba
            Torrealba, {date}
            Sr. D. {name}, Plaza Mayor 2, Villarrubio
            Asunto: su consulta del {date}|Asunto: obras en el tejado|Ref.: {number}
            Estimado Sr. {name}:|Estimada Sra. {name}:|Muy señores nuestros:
            Le agradecemos su carta sobre el ruido de la obra que hay detrás de su casa.|Lamentamos mucho que su viaje no haya sido tan agradable como esperaba.
            He hablado con el encargado, que se ocupará de que ninguna máquina funcione antes de las ocho.
            Quedo a su disposición para cualquier aclaración en el teléfono indicado arriba.
            Atentamente,|Reciba un cordial saludo,|Saludos cordiales,
            {name}
            Directora de Atención al Cliente""",
        "it": """
            Studio {name}, Via dei Mulini 3, Castelverde
            Castelverde, {date}
            Egr. Sig. {name}, Corso Cavour 18, Rivabella
            Oggetto: Sua richiesta del {date}|Oggetto: lavori al tetto|Rif. {number}
            Gentile Signor {name},|Gentile Signora {name},|Spettabile ditta,
            La ringraziamo per la Sua lettera riguardo ai rumori del cantiere dietro alla Sua casa.|Ci dispiace molto che il Suo viaggio non sia andato come sperava.
            Ho parlato con il capocantiere, che farà in modo che nessuna macchina sia in funzione prima delle otto.
            Resto a Sua disposizione per qualsiasi chiarimento al numero sopra indicato.
            Cordiali saluti|Distinti saluti|Con i migliori saluti
            {name}""",
        "nl": """
            Woonstichting {name}, Molenlaan 9, Waalhaven
            Waalhaven, {date}
            Mevrouw {name}, Kerkplein 21, Veenwoude
            Betreft: uw vraag van {date}|Betreft: werkzaamheden aan het dak|Ons kenmerk: {number}
            Geachte mevrouw {name},|Geachte heer {name},|Beste meneer {name},
            Hartelijk dank voor uw brief over het lawaai van de bouwplaats achter uw huis.|Het spijt ons zeer dat uw reis niet zo prettig is verlopen als u mocht verwachten.
            Ik heb met de uitvoerder gesproken, die ervoor zorgt dat er voor acht uur geen machine draait.
            Mocht u nog vragen hebben, dan kunt u mij altijd bellen op het bovenstaande nummer.
            Met vriendelijke groet,|Hoogachtend,|Met hartelijke groeten,
            {name}""",
        "pl": """
            Zarządca {name}, ul. Kwiatowa 5, Nowy Zagórz
            Nowy Zagórz, {date}
            Pani {name}, ul. Długa 17, Świętno
            Dotyczy: pisma z dnia {date}|Dotyczy: remontu dachu|Znak: {number}
            Szanowna Pani,|Szanowny Panie,|Szanowni Państwo,
            dziękujemy za list w sprawie hałasu z budowy znajdującej się za Pani domem.|bardzo nam przykro, że podróż nie przebiegła tak, jak Państwo oczekiwali.
            Rozmawiałem z kierownikiem budowy, który zadba o to, aby żadna maszyna nie pracowała przed ósmą.
            W razie pytań proszę dzwonić do mnie pod podany wyżej numer.
            Z poważaniem|Z wyrazami szacunku|Łączę pozdrowienia
            {name}""",
        "ms": """
            {name} Sdn Bhd, No. 8, Jalan Kenanga 3, Kuala Serai
            {date}|Ruj. kami: {number}
            Encik {name}, Lot 4, Taman Seri Wawasan
            Tuan,|Puan,|Tuan/Puan yang dihormati,
            Per: Pertanyaan bertarikh {date}|Perkara: Kerja membaiki bumbung
            Kami mengucapkan terima kasih atas surat tuan mengenai bunyi bising dari tapak pembinaan di belakang rumah.
            Saya telah berbincang dengan penyelia tapak supaya tiada mesin dihidupkan sebelum pukul lapan pagi.
            Sekiranya ada sebarang pertanyaan, sila hubungi saya di nombor telefon di atas pada bila-bila masa.
            Sekian, terima kasih.
            Yang benar,|Yang ikhlas,|Saya yang menjalankan tugas,
            {name}""",
    },
    "form": {
        "en": """
            Borough of {name}|{name} Library Service
            # Application for a parking permit|Membership registration form|# Request for a replacement card
            Please complete in black ink and block letters.|Fill in all fields marked with *
            Surname {line}|Family name: {line}
            First name(s) {line}
            Date of birth ___ / ___ / ______
            Address {line}
            Telephone {line}|Mobile {line}
            Title: □ Mr □ Mrs □ Ms □ Other|[ ] Single [ ] Married [ ] Divorced
            Do you own a vehicle? ☐ Yes ☐ No
            I declare that the above information is true.
            Signature {line} Date {line}
            Office use only: received {line}""",
        "de": """
            Gemeinde {name}|Stadtbibliothek {name}
            # Antrag auf einen Bewohnerparkausweis|# Anmeldung zum Kurs|# Aufnahmeantrag
            Bitte deutlich und in Blockschrift ausfüllen.
            Name, Vorname {line}
            geboren am {line}
            Anschrift {line}
            Telefon {line}|E-Mail {line}
            □ ledig □ verheiratet □ geschieden|Geschlecht: ☐ m ☐ w ☐ d
            Besitzen Sie ein Kraftfahrzeug? ☐ ja ☐ nein
            Ich versichere die Richtigkeit meiner Angaben.
            Ort, Datum {line} Unterschrift {line}""",
        "fr": """
            Mairie de {name}|Bibliothèque municipale
            # Demande de carte de stationnement|# Fiche d'inscription|# Formulaire d'adhésion
            À remplir en lettres capitales, au stylo noir.
            Nom {line}
            Prénom(s) {line}
            Né(e) le {line} à {line}
            Adresse {line}
            Téléphone {line}
            □ M. □ Mme|☐ célibataire ☐ marié(e) ☐ divorcé(e)
            Possédez-vous un véhicule ? ☐ oui ☐ non
            Je certifie l'exactitude des renseignements ci-dessus.
            Fait à {line} le {line} Signature""",
        "es": """
            Ayuntamiento de {name}|Biblioteca pública
            # Solicitud de tarjeta de aparcamiento|# Hoja de inscripción|# Impreso de alta
            Rellene este impreso con letra clara y en mayúsculas.
            Apellidos {line}
            Nombre {line}
            Fecha de nacimiento {line}
            Domicilio {line}
            Teléfono {line}
            □ Soltero/a □ Casado/a|Sexo: ☐ H ☐ M
            ¿Dispone de vehículo? ☐ Sí ☐ No
            En {line}, a ___ de {line} de 20__. Firma {line}""",
        "it": """
            Comune di {name}|Biblioteca civica
            # Domanda di contrassegno per la sosta|# Modulo di adesione|# Scheda di iscrizione
            Compilare in stampatello in ogni sua parte.
            Cognome {line}
            Nome {line}
            nato/a a {line} il {line}
            residente in {line}
            Telefono {line}
            □ celibe/nubile □ coniugato/a|Sesso: ☐ M ☐ F
            Possiede un veicolo? ☐ sì ☐ no
            Il sottoscritto dichiara che i dati sono veritieri.
            Luogo e data {line} Firma {line}""",
        "nl": """
            Gemeente {name}|Bibliotheek {name}
            # Aanvraag parkeervergunning|# Inschrijfformulier|# Aanmelding lidmaatschap
            Invullen in hoofdletters met zwarte pen.
            Achternaam {line}
            Voornamen {line}
            Geboortedatum {line}
            Adres {line}
            Telefoon {line}
            □ ongehuwd □ gehuwd|☐ man ☐ vrouw
            Heeft u een voertuig? ☐ ja ☐ nee
            Plaats en datum {line} Handtekening {line}""",
        "pl": """
            Urząd Gminy {name}|Biblioteka miejska
            # Wniosek o kartę parkingową|# Karta zgłoszenia|# Deklaracja członkowska
            Proszę wypełnić czytelnie, wielkimi literami.
            Nazwisko {line}
            Imię {line}
            Data urodzenia {line}
            Adres zamieszkania {line}
            Telefon {line}
            □ panna/kawaler □ mężatka/żonaty|☐ kobieta ☐ mężczyzna
            Czy posiada Pan/Pani pojazd? ☐ tak ☐ nie
            Oświadczam, że podane dane są prawdziwe.
            Miejscowość i data {line} Podpis {line}""",
        "ms": """
            Majlis Daerah {name}|Perpustakaan {name}
            # Permohonan pas letak kereta|# Borang keahlian|# Borang pendaftaran kursus
            Sila isi dengan huruf besar dan jelas.
            Nama penuh {line}
            No. kad pengenalan {line}
            Tarikh lahir {line}
            Alamat {line}
            No. telefon {line}
            □ Bujang □ Berkahwin|Jantina: ☐ L ☐ P
            Adakah anda memiliki kenderaan? ☐ Ya ☐ Tidak
            Saya mengaku maklumat di atas adalah benar.
            Tandatangan {line} Tarikh {line}""",
    },
    "contract": {
        "en": """
            # Agreement for the Supply of Cleaning Services|# Residential Lease|# Consultancy Agreement|# Loan Agreement
            made on {date} between {name} Ltd, 14 Mill Road, Thornwick ("the Client")
            and {name} plc, Old Ferry Road, Hexbridge ("the Supplier")
            1. Services|1. Premises
            The Supplier shall clean the offices of the Client on every working day between six and nine in the evening.
            2. Term|2. Duration and renewal
            This agreement begins on {date} and runs for two years unless either party ends it by three months' written notice.
            3. Payment
            The Client shall pay {amount} a month within thirty days of the end of each month.
            4. Liability
            Neither party shall be liable for loss that it could not reasonably foresee when this agreement was made.
            5. Law
            This agreement is governed by the law of England.
            Signed for the Client {line} Signed for the Supplier {line}""",
        "de": """
            # Mietvertrag über Wohnraum|# Dienstvertrag|# Vertrag über Reinigungsarbeiten|# Darlehensvertrag
            zwischen {name} GmbH, Lindenweg 4, Norderfelde
            und {name} AG, Hafenstr. 8, Weißenbrück
            § 1 Gegenstand|§ 1 Mietsache
            Der Auftragnehmer reinigt die Büroräume an jedem Werktag zwischen achtzehn und einundzwanzig Uhr.
            § 2 Dauer
            Das Vertragsverhältnis beginnt am {date} und kann mit einer Frist von drei Monaten schriftlich gekündigt werden.
            § 3 Vergütung|§ 3 Miete
            Die monatliche Vergütung beträgt {amount} EUR und ist bis zum dritten Werktag zu zahlen.
            § 4 Haftung
            Jede Partei haftet nur für Vorsatz und grobe Fahrlässigkeit ihrer Mitarbeiter und Erfüllungsgehilfen.
            § 5 Sonstiges
            Änderungen dieses Vertrages bedürfen der Schriftform.
            Ort, Datum {line} Unterschriften {line}""",
        "fr": """
            # Contrat de bail d'habitation|# Contrat d'entretien|# Convention de prêt
            Entre les soussignés : {name} SARL, 12 rue des Tilleuls, Montrégis, d'une part
            et {name} SA, place de l'Église, Châtelay, d'autre part
            Article 1 - Objet
            Le prestataire assure le nettoyage des bureaux chaque jour ouvré entre dix-huit et vingt et une heures.
            Article 2 - Durée
            Le présent contrat prend effet le {date} et peut être résilié par chacune des parties avec un préavis de trois mois.
            Article 3 - Prix
            Le client verse {amount} EUR par mois dans les trente jours suivant la fin de chaque mois.
            Article 4 - Responsabilité
            Aucune des parties ne répond d'un dommage qu'elle ne pouvait raisonnablement prévoir lors de la signature.
            Fait en deux exemplaires à {name}, le {date}""",
        "es": """
            # Contrato de arrendamiento de vivienda|# Contrato de limpieza|# Contrato de préstamo
            En Torrealba, a {date}, de una parte {name}, S.L., Calle del Olivar 7
            y de otra {name} S.A., Plaza Mayor 2, Villarrubio
            Primera. Objeto|Cláusula 1. Objeto
            El contratista limpiará las oficinas todos los días laborables entre las seis y las nueve de la tarde.
            Segunda. Duración|Cláusula 2. Duración
            El presente contrato entra en vigor el {date} y cualquiera de las partes podrá resolverlo con tres meses de preaviso.
            Tercera. Precio|Cláusula 3. Precio
            El cliente abonará {amount} EUR al mes dentro de los treinta días siguientes al fin de cada mes.
            Cuarta. Responsabilidad|Cláusula 4. Responsabilidad
            Y en prueba de conformidad firman ambas partes por duplicado.""",
        "it": """
            # Contratto di locazione ad uso abitativo|# Contratto di pulizia|# Contratto di mutuo
            Tra {name} S.r.l., Via dei Mulini 3, Castelverde
            e {name} S.p.A., Corso Cavour 18, Rivabella
            Art. 1 - Oggetto|1. Oggetto del contratto
            L'appaltatore pulisce gli uffici ogni giorno lavorativo fra le diciotto e le ventuno.
            Art. 2 - Durata|2. Durata
            Il presente contratto decorre dal {date} e ciascuna parte può recedere con un preavviso scritto di tre mesi.
            Art. 3 - Corrispettivo|3. Corrispettivo
            Il committente paga {amount} EUR al mese entro trenta giorni dalla fine di ogni mese.
            Art. 4 - Controversie|4. Foro competente
            Letto, approvato e sottoscritto dalle parti.""",
        "nl": """
            # Huurovereenkomst woonruimte|# Overeenkomst van opdracht|# Geldleningsovereenkomst
            De ondergetekenden: {name} B.V., Molenlaan 9, Waalhaven
            en {name} N.V., Kerkplein 21, Veenwoude, verklaren te zijn overeengekomen:
            Artikel 1 - Voorwerp
            De opdrachtnemer maakt de kantoren op elke werkdag schoon tussen zes en negen uur in de avond.
            Artikel 2 - Duur
            Deze overeenkomst gaat in op {date} en kan door elk van de partijen met drie maanden worden opgezegd.
            Artikel 3 - Prijs
            De opdrachtgever betaalt {amount} EUR per maand binnen dertig dagen na het einde van elke maand.
            Artikel 4 - Geschillen
            Aldus in tweevoud opgemaakt en ondertekend.""",
        "pl": """
            # Umowa najmu lokalu mieszkalnego|# Umowa o świadczenie usług|# Umowa pożyczki
            zawarta dnia {date} pomiędzy {name} Sp. z o.o., ul. Kwiatowa 5
            a {name} S.A., ul. Długa 17, Świętno
            § 1. Przedmiot umowy
            Wykonawca sprząta biura w każdy dzień roboczy pomiędzy godziną osiemnastą a dwudziestą pierwszą.
            § 2. Czas trwania
            Umowa obowiązuje od dnia {date} i może zostać rozwiązana z zachowaniem trzymiesięcznego okresu wypowiedzenia.
            § 3. Wynagrodzenie
            Zamawiający płaci {amount} PLN miesięcznie w ciągu trzydziestu dni od końca miesiąca.
            § 4. Postanowienia końcowe
            Umowę sporządzono w dwóch jednobrzmiących egzemplarzach.""",
        "ms": """
            # Perjanjian sewa rumah|# Perjanjian perkhidmatan pembersihan|# Perjanjian pinjaman
            Perjanjian ini dibuat pada {date} di antara {name} Sdn Bhd
            dan {name} Berhad, Lot 4, Taman Seri Wawasan
            1. Tempoh
            Perjanjian ini bermula pada {date} dan boleh ditamatkan oleh mana-mana pihak dengan notis bertulis tiga bulan.
            2. Bayaran|2. Sewa bulanan
            Pihak kedua hendaklah membayar RM {amount} sebulan dalam masa tiga puluh hari dari akhir setiap bulan.
            3. Liabiliti
            Mana-mana pihak tidak bertanggungjawab atas kerugian yang tidak dapat dijangka semasa perjanjian ini dibuat.
            Ditandatangani oleh pihak pertama {line} pihak kedua {line}""",
    },
    "medical": {
        "en": """
            {name} General Hospital, Department of Cardiology|Dr {name}, general practitioner
            # Discharge letter|# Laboratory results|# Prescription|# Report of examination
            Patient: {name}, born {date}|Name {name} DOB {date} Ward 4
            Admitted {date}, discharged {date}
            Diagnosis: essential hypertension, mild anaemia
            Blood pressure 148/92 mmHg, pulse 76, weight 81 kg
            Haemoglobin 11.2 g/dl (12.0-16.0)|Cholesterol 5.9 mmol/l
            Medication: Ramipril 5 mg once daily|Amoxicillin 500 mg, three times a day for seven days
            The patient was discharged home in good condition and should see the doctor in two weeks.
            Dr {name}, Consultant""",
        "de": """
            Klinikum {name}, Abteilung für Innere Medizin|Gemeinschaftspraxis Dr. {name}
            # Entlassungsbericht|# Laborwerte|# Ärztliches Attest|# Befundbericht Radiologie
            Patient: {name}, geb. {date}
            stationär vom {date} bis {date}
            Diagnosen: arterielle Hypertonie, leichte Anämie
            RR 148/92 mmHg, Puls 76, Gewicht 81 kg
            Hämoglobin 11,2 g/dl (12,0-16,0)|Cholesterin 228 mg/dl
            Medikation: Ramipril 5 mg 1-0-0|Amoxicillin 500 mg 1-1-1 über sieben Tage
            Wir entließen den Patienten in gutem Allgemeinzustand in die ambulante Behandlung durch den Hausarzt.
            Dr. med. {name}, Oberarzt""",
        "fr": """
            Centre hospitalier de {name}, service de cardiologie|Docteur {name}, médecin généraliste
            # Compte rendu de sortie|# Ordonnance|# Résultats de laboratoire
            Patient : {name}, né(e) le {date}
            Hospitalisé du {date} au {date}
            Diagnostic : hypertension artérielle, anémie légère
            TA 148/92 mmHg, pouls 76, poids 81 kg
            Hémoglobine 11,2 g/dl (12,0-16,0)
            Traitement : Ramipril 5 mg, un comprimé par jour|Amoxicilline 500 mg, trois fois par jour
            Le patient est sorti en bon état général et sera revu par son médecin traitant dans deux semaines.
            Dr {name}""",
        "es": """
            Hospital General de {name}, Servicio de Cardiología|Dra. {name}, médico de familia
            # Informe de alta|# Receta|# Análisis de sangre
            Paciente: {name}, nacido el {date}
            Ingreso: {date} Alta: {date}
            Diagnóstico: hipertensión arterial, anemia leve
            TA 148/92 mmHg, pulso 76, peso 81 kg
            Hemoglobina 11,2 g/dl (12,0-16,0)
            Tratamiento: Ramipril 5 mg cada 24 horas|Amoxicilina 500 mg cada 8 horas
            El paciente es dado de alta en buen estado general y deberá acudir a revisión en dos semanas.
            Dr. {name}""",
        "it": """
            Ospedale di {name}, Reparto di Cardiologia|Dott. {name}, medico di base
            # Lettera di dimissione|# Ricetta|# Referto analisi del sangue
            Paziente: {name}, nato il {date}
            Ricovero dal {date} al {date}
            Diagnosi: ipertensione arteriosa, lieve anemia
            PA 148/92 mmHg, polso 76, peso 81 kg
            Emoglobina 11,2 g/dl (12,0-16,0)
            Terapia: Ramipril 5 mg una volta al giorno|Amoxicillina 500 mg tre volte al giorno
            Il paziente viene dimesso in buone condizioni generali con controllo fra due settimane.
            Dott. {name}""",
        "nl": """
            {name} Ziekenhuis, afdeling Cardiologie|Huisartsenpraktijk {name}
            # Ontslagbrief|# Recept|# Uitslag bloedonderzoek
            Patiënt: {name}, geboren {date}
            Opgenomen van {date} tot {date}
            Diagnose: hypertensie, lichte anemie
            RR 148/92 mmHg, pols 76, gewicht 81 kg
            Hemoglobine 7,0 mmol/l (7,5-10,0)
            Medicatie: Ramipril 5 mg eenmaal daags|Amoxicilline 500 mg driemaal daags
            De patiënt is in goede toestand ontslagen en komt over twee weken terug op de polikliniek.
            Dr. {name}""",
        "pl": """
            Szpital Wojewódzki {name}, Oddział Kardiologii|Przychodnia lekarska {name}
            # Karta wypisowa|# Recepta|# Wynik badania krwi
            Pacjent: {name}, ur. {date}
            Pobyt od {date} do {date}
            Rozpoznanie: nadciśnienie tętnicze, niedokrwistość
            RR 148/92 mmHg, tętno 76, masa ciała 81 kg
            Hemoglobina 11,2 g/dl (12,0-16,0)
            Leki: Ramipril 5 mg raz dziennie|Amoksycylina 500 mg trzy razy dziennie
            Pacjenta wypisano w stanie ogólnym dobrym z zaleceniem kontroli w poradni za dwa tygodnie.
            lek. {name}""",
        "ms": """
            Hospital {name}, Jabatan Kardiologi|Klinik Dr {name}
            # Nota discaj|# Preskripsi ubat|# Keputusan ujian darah
            Nama pesakit: {name}, lahir {date}
            Masuk wad {date}, keluar {date}
            Diagnosis: tekanan darah tinggi, anemia ringan
            Tekanan darah 148/92 mmHg, nadi 76, berat 81 kg
            Hemoglobin 11.2 g/dl (12.0-16.0)
            Ubat: Ramipril 5 mg sekali sehari|Amoxicillin 500 mg tiga kali sehari
            Pesakit dibenarkan pulang dalam keadaan baik dan perlu datang semula dua minggu lagi.
            Dr {name}""",
    },
    "other": {
        "en": """
            # The lighthouse of {name}|# Minutes of the parish council|# Leek and potato soup|# Timetable of the ferries
            Present: {name}, {name}, {name}|Serves four people|Monday to Friday, {date} to {date}
            The lighthouse was built of granite on the outermost rock of the bay and has been lit every night since.
            Wash the leeks, cut them into rings and let them sweat in butter for ten minutes without browning.|The chairman opened the meeting at seven o'clock and welcomed the new members.
            Port Ellery 7:15 8:45 10:15 12:00|Chapter {number}
            In stormy weather its keepers were cut off for weeks and lived on what they had stored in the cellar.""",
        "de": """
            # Der Leuchtturm von {name}|# Protokoll der Mitgliederversammlung|# Kartoffelsuppe mit Lauch|# Fahrplan der Fähren
            Anwesend: {name}, {name}, {name}|Für vier Personen|Montag bis Freitag
            Der Leuchtturm wurde aus Granit auf dem äußersten Felsen der Bucht errichtet und brennt seither jede Nacht.
            Den Lauch waschen, in Ringe schneiden und zehn Minuten in Butter dünsten, ohne dass er braun wird.|Der Vorsitzende eröffnete die Sitzung um sieben Uhr und begrüßte die neuen Mitglieder.
            Norderfelde 7:15 8:45 10:15 12:00
            Bei Sturm waren die Wärter wochenlang abgeschnitten und lebten von dem, was im Keller lagerte.""",
        "fr": """
            # Le phare de {name}|# Procès-verbal de l'assemblée|# Soupe aux poireaux|# Horaires des bacs
            Présents : {name}, {name}, {name}|Pour quatre personnes
            Le phare fut bâti en granit sur le dernier rocher de la baie et brille depuis chaque nuit.
            Laver les poireaux, les couper en rondelles et les faire revenir dix minutes dans le beurre.|Le président ouvre la séance à sept heures et souhaite la bienvenue aux nouveaux membres.
            Par gros temps, les gardiens étaient coupés du monde pendant des semaines.""",
        "es": """
            # El faro de {name}|# Acta de la asamblea|# Sopa de puerros|# Horario de los barcos
            Asistentes: {name}, {name}, {name}|Para cuatro personas
            El faro se construyó de granito en la última roca de la bahía y desde entonces luce todas las noches.
            Lavar los puerros, cortarlos en rodajas y rehogarlos diez minutos en mantequilla.|El presidente abrió la sesión a las siete y dio la bienvenida a los nuevos socios.
            Con temporal, los fareros quedaban aislados durante semanas enteras.""",
        "it": """
            # Il faro di {name}|# Verbale dell'assemblea|# Zuppa di porri|# Orario dei traghetti
            Presenti: {name}, {name}, {name}|Per quattro persone
            Il faro fu costruito in granito sull'ultimo scoglio della baia e da allora brilla ogni notte.
            Lavare i porri, tagliarli a rondelle e farli appassire nel burro per dieci minuti.|Il presidente apre la seduta alle sette e dà il benvenuto ai nuovi soci.
            Durante le tempeste i guardiani restavano isolati per settimane.""",
        "nl": """
            # De vuurtoren van {name}|# Notulen van de vergadering|# Preisoep met aardappel|# Dienstregeling veerboot
            Aanwezig: {name}, {name}, {name}|Voor vier personen
            De vuurtoren werd van graniet gebouwd op de buitenste rots van de baai en brandt sindsdien elke nacht.
            Was de prei, snijd haar in ringen en laat ze tien minuten in boter smoren.|De voorzitter opent de vergadering om zeven uur en heet de nieuwe leden welkom.
            Bij storm waren de wachters wekenlang van de wereld afgesneden.""",
        "pl": """
            # Latarnia morska w {name}|# Protokół zebrania|# Zupa z porów|# Rozkład rejsów
            Obecni: {name}, {name}, {name}|Dla czterech osób
            Latarnię zbudowano z granitu na ostatniej skale zatoki i od tego czasu świeci każdej nocy.
            Pory umyć, pokroić w krążki i dusić na maśle przez dziesięć minut.|Przewodniczący otworzył zebranie o siódmej i powitał nowych członków.
            Podczas sztormów latarnicy bywali odcięci od świata całymi tygodniami.""",
        "ms": """
            # Rumah api {name}|# Minit mesyuarat|# Sup daun bawang|# Jadual feri
            Hadir: {name}, {name}, {name}|Untuk empat orang
            Rumah api itu dibina daripada batu granit di hujung teluk dan menyala setiap malam sejak itu.
            Basuh daun bawang, potong kecil dan tumis dengan mentega selama sepuluh minit.|Pengerusi membuka mesyuarat pada pukul tujuh dan mengalu-alukan ahli baharu.
            Ketika ribut, penjaganya terputus hubungan selama berminggu-minggu.""",
    },
}
